import { bytesOf, fieldValue, mapEntries, sliceElements } from '../containers.ts';
import { type GoType, isFloat, isInt, isUint } from '../go-type.ts';
import {
  complexOf,
  dig,
  type GoValue,
  integerOf,
  isNil,
  numberOf,
  pointee,
  type Reflected,
  stringOf,
  toGo,
} from '../go-value.ts';
import type { Complex } from '../literals.ts';
import { decodeUtf8 } from '../utf8.ts';
import { type Flags, pad } from './flags.ts';
import { formatFloat, isFloatVerb } from './float.ts';
import { formatInteger } from './integer.ts';
import { formatBytes, formatText } from './text.ts';

const NIL = '<nil>';

/** Go prints where a value lies. Nothing lies anywhere here, so that one address stands for all. */
const ADDRESS = 0xc000010000n;

/** Formats an argument of `printf` for a verb, flags applied; with Go's text when the verb does not suit it. */
export function formatArgument(flags: Flags, argument: Reflected, verb: string): string {
  const value = dig(argument);
  if (value === undefined) return verb === 'T' || verb === 'v' ? pad(flags, NIL) : `%!${verb}(${NIL})`;
  if (verb === 'T') return formatText(flags, value.type.name, 's') ?? '';
  if (verb === 'p') return formatPointer(flags, value, verb) ?? badVerb(flags, value, verb);
  return new Printer(flags, verb).print(value, 0);
}

function badVerb(flags: Flags, value: GoValue, verb: string): string {
  return `%!${verb}(${value.type.name}=${new Printer(flags, 'v', true).print(value, 0)})`;
}

/** Prints values of any depth for one verb. */
class Printer {
  readonly #flags: Flags;
  readonly #verb: string;
  /** While a wrong verb is told, the value's own methods are not asked. */
  readonly #ignoresMethods: boolean;

  constructor(flags: Flags, verb: string, ignoresMethods = false) {
    this.#flags = flags;
    this.#verb = verb;
    this.#ignoresMethods = ignoresMethods;
  }

  print(reflected: Reflected, depth: number): string {
    const value = dig(reflected);
    if (value === undefined) return this.#nilInterface(reflected);
    const own = this.#ignoresMethods ? undefined : this.#ownText(value);
    if (own !== undefined) return own;
    // fmt.Errorf's verb. A lone []byte is the one value that it refuses element by element.
    if (this.#verb === 'w' && (depth > 0 || value.type.name !== '[]uint8'))
      return badVerb(this.#flags, value, this.#verb);
    return this.#composite(value, depth) ?? this.#basic(value) ?? badVerb(this.#flags, value, this.#verb);
  }

  #nilInterface(reflected: Reflected): string {
    return this.#flags.sharpV ? `${reflected?.type.name ?? 'interface {}'}(nil)` : NIL;
  }

  /** What the value's `Error` or `String` method says, for the verbs that print text. */
  #ownText(value: GoValue): string | undefined {
    if (this.#flags.sharpV || !'vsxXq'.includes(this.#verb)) return undefined;
    const { methods } = (value.type.kind === 'pointer' && value.type.element) || value.type;
    for (const name of ['Error', 'String']) {
      const method = methods?.get(name);
      if (method === undefined || method.parameters.length > 0) continue;
      if (isNil(value)) return NIL;
      try {
        const text = toGo(method.call(value.data as never));
        return formatText(this.#flags, text === undefined ? '' : stringOf(text), this.#verb);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return `%!${this.#verb}(PANIC=${name} method: ${message})`;
      }
    }
    return undefined;
  }

  #composite(value: GoValue, depth: number): string | undefined {
    switch (value.type.kind) {
      case 'slice':
        return this.#slice(value, depth);
      case 'map':
        return this.#map(value, depth);
      case 'struct':
        return this.#struct(value, depth);
      case 'pointer':
        return this.#pointer(value, depth);
      case 'func':
        return formatPointer(this.#flags, value, this.#verb);
      default:
        return undefined;
    }
  }

  #basic(value: GoValue): string | undefined {
    const { kind } = value.type;
    if (kind === 'bool')
      return this.#verb === 'v' || this.#verb === 't'
        ? pad(this.#flags, String(value.data === true))
        : undefined;
    if (kind === 'string') return formatText(this.#flags, stringOf(value), this.#verb);
    if (isInt(kind) || isUint(kind))
      return formatInteger(this.#flags, BigInt(integerOf(value)), isInt(kind), this.#verb);
    if (!isFloatVerb(this.#verb)) return undefined;
    if (kind === 'complex128') return this.#complex(complexOf(value));
    return isFloat(kind)
      ? formatFloat(this.#flags, numberOf(value), kind === 'float32' ? 32 : 64, this.#verb)
      : undefined;
  }

  #complex({ real, imaginary }: Complex): string {
    const second = formatFloat({ ...this.#flags, plus: true }, imaginary, 64, this.#verb);
    return `(${formatFloat(this.#flags, real, 64, this.#verb)}${second}i)`;
  }

  #slice(value: GoValue, depth: number): string {
    const isBytes = value.type.element?.kind === 'uint8';
    if (isBytes && (this.#verb === 'x' || this.#verb === 'X'))
      return formatBytes(this.#flags, bytesOf(value), this.#verb);
    if (isBytes && (this.#verb === 's' || this.#verb === 'q'))
      return formatText(this.#flags, decodeUtf8(bytesOf(value)), this.#verb) ?? '';
    const items = [...sliceElements(value)].map((item) => this.print(item, depth + 1));
    // fmt knows a lone slice of bytes by its other name.
    const isLoneBytes = isBytes && depth === 0 && (this.#verb === 'v' || this.#verb === 'd');
    const typeName = isLoneBytes ? '[]byte' : value.type.name;
    return this.#enclose(value, typeName, '', items);
  }

  #map(value: GoValue, depth: number): string {
    const items = mapEntries(value).map(
      ([key, element]) => `${this.print(key, depth + 1)}:${this.print(element, depth + 1)}`,
    );
    return this.#enclose(value, value.type.name, 'map', items);
  }

  /** Elements in brackets; in Go syntax in braces, after the type, or `nil`. */
  #enclose(value: GoValue, typeName: string, before: string, items: readonly string[]): string {
    if (!this.#flags.sharpV) return `${before}[${items.join(' ')}]`;
    return isNil(value) ? `${typeName}(nil)` : `${typeName}{${items.join(', ')}}`;
  }

  #struct(value: GoValue, depth: number): string {
    const { sharpV, plusV } = this.#flags;
    const items = (value.type.fields ?? []).map((field) => {
      const text = this.print(fieldValue(value, field), depth + 1);
      return sharpV || plusV ? `${field.name}:${text}` : text;
    });
    return sharpV ? `${value.type.name}{${items.join(', ')}}` : `{${items.join(' ')}}`;
  }

  /** `&` and the value for a pointer to something that has parts, but only at the top. */
  #pointer(value: GoValue, depth: number): string | undefined {
    const target = pointee(value);
    if (depth === 0 && target !== undefined && ['slice', 'struct', 'map'].includes(target.type.kind))
      return `&${this.print(target, depth + 1)}`;
    return formatPointer(this.#flags, value, this.#verb);
  }
}

const POINTS: readonly GoType['kind'][] = ['func', 'map', 'pointer', 'slice'];

function formatPointer(flags: Flags, value: GoValue, verb: string): string | undefined {
  if (!POINTS.includes(value.type.kind)) return undefined;
  const address = isNil(value) ? 0n : ADDRESS;
  if (verb === 'v' && flags.sharpV) {
    const text = address === 0n ? 'nil' : hexadecimal({ ...flags, sharp: true }, address);
    return `(${value.type.name})(${text})`;
  }
  if (verb === 'v' && address === 0n) return pad(flags, NIL);
  if (verb === 'v' || verb === 'p') return hexadecimal({ ...flags, sharp: !flags.sharp }, address);
  return 'bodxX'.includes(verb) ? formatInteger(flags, address, false, verb) : undefined;
}

function hexadecimal(flags: Flags, value: bigint): string | undefined {
  return formatInteger(flags, value, false, 'x');
}
