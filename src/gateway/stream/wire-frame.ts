/** Largest payloads that one, and that two more bytes of length can tell. */
const shortMax = 125;
const mediumMax = 0xffff;
/** A whole message of text, unmasked, as a server sends it. */
const finalText = 0x81;

/**
 * `text` as one WebSocket frame, header and all (RFC 6455 §5.2): the same bytes for every client, so they are made once
 * and written to each socket as they are. Holds only while no compression is agreed on, which we never offer.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerLength = length <= shortMax ? 2 : length <= mediumMax ? 4 : 10;
  const bytes = Buffer.allocUnsafe(headerLength + length);
  bytes[0] = finalText;
  if (length <= shortMax) {
    bytes[1] = length;
  } else if (length <= mediumMax) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.write(text, headerLength, 'utf8');
  return bytes;
}
