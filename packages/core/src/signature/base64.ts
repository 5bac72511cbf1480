const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads standard Base64, padded; `undefined` for any other text, which Node would take what it can of. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}
