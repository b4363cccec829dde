/** CRC-32 (IEEE 802.3, as zlib and every venue means it) over the ASCII texts a book's checksum is made of. */

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** The register to begin with; `crc32Of` turns the last one into the checksum. */
export const crc32Start = 0xffffffff;

/** Takes in the digits of a decimal text: without its point and without leading zeros, as Kraken writes them. */
export function crc32Digits(register: number, text: string): number {
  let crc = register;
  let leading = true;
  for (let n = 0; n < text.length; n += 1) {
    const code = text.charCodeAt(n);
    if (code === 46 || (leading && code === 48)) continue;
    leading = false;
    crc = (crc >>> 8) ^ table[(crc ^ code) & 0xff];
  }
  return crc;
}

/** The checksum as an unsigned number. */
export function crc32Of(register: number): number {
  return (register ^ 0xffffffff) >>> 0;
}
