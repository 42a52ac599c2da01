/** Shorter texts are left alone: `true`, `8080` or `admin` as a secret would blacken half of every log. */
export const MIN_LENGTH = 6;
/** A line of a secret with several lines (a PEM key) counts alone from this length on. */
const MIN_LINE_LENGTH = 16;
/** What is left of base64 after the characters that depend on neighbours; less would match by chance. */
const MIN_BASE64_LENGTH = 8;

/** The forms under which a secret may appear in text: as it is, JSON-escaped, URL-encoded, in base64. Longest first. */
export function variantsOf(value: string): string[] {
  if (value.length < MIN_LENGTH) return [];
  const forms = [value, ...linesOf(value)].flatMap((text) => [...escaped(text), ...urlEncoded(text)]);
  return [...new Set([...forms, ...base64(value)])].sort((a, b) => b.length - a.length);
}

/** A program that prints a key prints it line by line. */
function linesOf(value: string): string[] {
  return value.split(/\r?\n/).flatMap((line) => (line !== value && line.length >= MIN_LINE_LENGTH && !line.startsWith('-----') ? [line] : []));
}

/** Once and twice (JSON within a text of JSON), with `/` as `\/` as some encoders write it, and with ASCII alone. */
function escaped(text: string): string[] {
  const once = inJson(text);
  const ascii = once.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [text, once, ascii, inJson(once), once.replaceAll('/', '\\/')];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function urlEncoded(text: string): string[] {
  const strict = percentEncoded(text);
  const forms = [strict, strict.replaceAll('%20', '+'), strict.replaceAll('%2F', '/'), form(text)];
  return forms.flatMap((encoded) => [encoded, encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** As `application/x-www-form-urlencoded`, which also encodes `!'()~`. */
function form(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2);
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/**
 * A value's base64 depends on how many bytes stand before it (`user:` in Basic). Of each of the three alignments the part
 * is taken that the value alone decides.
 */
function base64(value: string): string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
    const bits = (before + bytes.length) * 8;
    const core = text.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
    return core.length < MIN_BASE64_LENGTH ? [] : [core, core.replaceAll('-', '+').replaceAll('_', '/')];
  });
}
