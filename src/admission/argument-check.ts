import type { ValidateFunction } from 'ajv';
import { HearthError, reasonOf } from '../errors.js';
import { type JsonObject, objectOf } from '../protocol/message.js';
import { hazardOf } from './schema-hazard.js';

/** Larger schemas are not compiled: a server must not be able to keep hearth busy with one. */
const MAX_SCHEMA_LENGTH = 256 * 1024;
const MAX_PROBLEMS = 3;
/** Formats that are checked in linear time. */
const FORMATS = ['date', 'time', 'date-time', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid', 'uri', 'json-pointer'];

type Compile = (schema: JsonObject) => ValidateFunction;

/**
 * Checks arguments against the schemas of their tools. Each schema is compiled once; its patterns run in linear time
 * (CVE-2026-0621 is what a backtracking engine does with a hostile one); nothing is loaded from elsewhere.
 */
export class ArgumentCheck {
  /** By the tool as it was listed: a changed list is new. Undefined: the schema cannot be used. */
  readonly #compiled = new WeakMap<JsonObject, ValidateFunction | undefined>();
  #compiler: Promise<Compile> | undefined;

  /**
   * @param server    name, for errors
   * @param onUnusable called once for a schema that cannot be used; its tool is not checked
   */
  constructor(
    private readonly server: string,
    private readonly onUnusable: (tool: string, why: string) => void,
  ) {}

  /** Whether arguments of the tool can be checked now. */
  knows(tool: JsonObject): boolean {
    return this.#compiled.has(tool);
  }

  /** Makes ready for the tool, so that a call need not wait at each time. */
  async learn(tool: JsonObject): Promise<void> {
    this.#compiler ??= loadCompiler();
    const compile = await this.#compiler;
    if (!this.knows(tool)) this.#compiled.set(tool, this.#compile(compile, tool));
  }

  /** Why the arguments do not fit a tool that it has learnt; undefined if they do, or if that cannot be told. */
  refusal(tool: JsonObject, args: unknown): HearthError | undefined {
    const validate = this.#compiled.get(tool);
    if (!validate || this.#holds(validate, tool, args ?? {})) return undefined;
    const problems = (validate.errors ?? []).slice(0, MAX_PROBLEMS).map(({ instancePath, message }) => `arguments${instancePath} ${message}`);
    return new HearthError('invalid_params', `Invalid arguments for tool "${String(tool.name)}": ${problems.join('; ')}.`, this.server);
  }

  /** A schema that refers to itself without getting anywhere shows only now. */
  #holds(validate: ValidateFunction, tool: JsonObject, args: unknown): boolean {
    try {
      return validate(args);
    } catch (error) {
      this.#compiled.set(tool, undefined);
      this.onUnusable(String(tool.name), reasonOf(error));
      return true;
    }
  }

  #compile(compile: Compile, tool: JsonObject): ValidateFunction | undefined {
    try {
      const schema = objectOf(tool.inputSchema) ?? {};
      if (JSON.stringify(schema).length > MAX_SCHEMA_LENGTH) throw new Error(`its schema is larger than ${MAX_SCHEMA_LENGTH} characters`);
      const hazard = hazardOf(schema);
      if (hazard !== undefined) throw new Error(hazard);
      return compile(schema);
    } catch (error) {
      this.onUnusable(String(tool.name), reasonOf(error));
      return undefined;
    }
  }
}

/** Only when something is to be checked: the compiler is large. */
async function loadCompiler(): Promise<Compile> {
  const [{ Ajv }, { Ajv2020 }, formats, { RE2JS }] = await Promise.all([
    import('ajv'),
    import('ajv/dist/2020.js'),
    import('ajv-formats'),
    import('re2js'),
  ]);
  const regExp = Object.assign((pattern: string) => RE2JS.compile(pattern), { code: 'RE2JS' });
  const linear = (pattern: string): { test(text: string): boolean } => {
    const compiled = regExp(pattern);
    return { test: (text) => compiled.matcher(text).find() };
  };
  const options = { strict: false, validateSchema: false, logger: false, code: { regExp: Object.assign(linear, { code: 'linear' }) } } as const;
  const addFormats = formats.default as unknown as (ajv: object, options: object) => void;
  return (schema) => {
    const isOld = typeof schema.$schema === 'string' && schema.$schema.includes('draft-07');
    // A fresh one each time: schemas must not refer to each other's ids.
    const ajv = isOld ? new Ajv(options) : new Ajv2020(options);
    ajv.removeKeyword('uniqueItems'); // it compares each with each, and clients choose how many there are
    addFormats(ajv, { mode: 'fast', formats: FORMATS, keywords: false });
    return ajv.compile(schema);
  };
}
