const mask = '***';

/** A value that prints as `***` wherever it is printed by accident; only `reveal()` gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return mask;
  }
}

/** A URL with its password masked; text that is no URL is masked whole, since nobody knows where its password sits. */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return text.includes('@') ? mask : text;
  const url = new URL(text);
  if (url.password === '') return text;
  url.password = mask;
  return url.toString();
}
