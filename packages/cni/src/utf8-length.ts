/** How many bytes `text` takes in UTF-8. A lone surrogate counts as the three bytes of the U+FFFD that replaces it. */
export function utf8Length(text: string): number {
  if (!/[\u0080-\uffff]/.test(text)) return text.length;
  let bytes = 0;
  for (const character of text) bytes += byteCount(character.codePointAt(0) ?? 0);
  return bytes;
}

function byteCount(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}
