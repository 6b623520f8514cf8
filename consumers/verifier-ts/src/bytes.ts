// Bytes as the wire format has them: strict decoders that refuse whatever is not the one way to write it.

import { sha256 as sha256of } from "@noble/hashes/sha2";

/** Something that does not hold. Its message is for people and names no one. */
export class Refused extends Error {}

export function require(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Refused(why);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

export function textOf(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused(`${what} is not UTF-8`);
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const sha256 = (...parts: Uint8Array[]): Uint8Array => sha256of(parts.length === 1 ? parts[0]! : concat(...parts));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
export const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** RFC 4648 section 4, padded, zero bits at the end. */
export function fromBase64(text: string, what: string, length?: number): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  require(base64(bytes) === text, `${what} is not base64`);
  require(length === undefined || bytes.length === length, `${what} has a wrong length`);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export const u16 = (value: number): Uint8Array => new Uint8Array([value >> 8, value & 255]);
export const u32 = (value: number): Uint8Array => new Uint8Array([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);

/** Integers are big-endian. Everything must be read: call `end`. */
export class Reader {
  private at = 0;
  private readonly view: DataView;
  constructor(private readonly bytes: Uint8Array, private readonly what: string) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  raw(length: number): Uint8Array {
    require(this.at + length <= this.bytes.length, `${this.what} is cut short`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  u8(): number {
    return this.raw(1)[0]!;
  }
  u16(): number {
    return (this.u8() << 8) | this.u8();
  }
  u32(): number {
    return this.u16() * 65536 + this.u16();
  }
  u64(): bigint {
    this.raw(8);
    return this.view.getBigUint64(this.at - 8);
  }
  i64(): bigint {
    this.raw(8);
    return this.view.getBigInt64(this.at - 8);
  }
  /** An index or a size: far below 2^53, or it is not one that this file can rest on. */
  number(): number {
    const value = this.u64();
    require(value <= BigInt(Number.MAX_SAFE_INTEGER), `${this.what} has a number out of range`);
    return Number(value);
  }
  short(): string {
    return textOf(this.raw(this.u8()), this.what);
  }
  long(): Uint8Array {
    return this.raw(this.u32());
  }
  rest(): number {
    return this.bytes.length - this.at;
  }
  end(): void {
    require(this.rest() === 0, `${this.what} is too long`);
  }
}

/** Answers of a slow pure function are kept: many files of one log hold the same signatures. */
export function remember(slow: (...parts: Uint8Array[]) => boolean): (...parts: Uint8Array[]) => boolean {
  const known = new Map<string, boolean>();
  return (...parts) => {
    const key = hex(sha256(...parts.flatMap((part) => [u32(part.length), part])));
    let answer = known.get(key);
    if (answer === undefined) {
      if (known.size > 100_000) known.clear();
      known.set(key, (answer = slow(...parts)));
    }
    return answer;
  };
}
