/** How a text is written as UTF-8: one of ASCII alone, which most is, needs no encoder. @param bytes its length as UTF-8 */
export function encodingOf(text: string, bytes = Buffer.byteLength(text)): 'latin1' | 'utf8' {
  return bytes === text.length ? 'latin1' : 'utf8';
}
