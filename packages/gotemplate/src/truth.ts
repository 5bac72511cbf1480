import { mapLength, sliceLength } from './containers.ts';
import { complexOf, dig, integerOf, isNil, numberOf, type Reflected, stringOf } from './go-value.ts';

/** Whether `if` takes the value for true: not the zero of its type; structs always are. */
export function isTrue(reflected: Reflected): boolean {
  const value = dig(reflected);
  if (value === undefined) return false;
  switch (value.type.kind) {
    case 'bool':
      return value.data === true;
    case 'string':
      return stringOf(value) !== '';
    case 'slice':
      return sliceLength(value) > 0;
    case 'map':
      return mapLength(value) > 0;
    case 'struct':
    case 'value':
      return true;
    case 'pointer':
    case 'interface':
    case 'func':
      return !isNil(value);
    case 'float32':
    case 'float64':
      return numberOf(value) !== 0;
    case 'complex128': {
      const { real, imaginary } = complexOf(value);
      return real !== 0 || imaginary !== 0;
    }
    default:
      // Not `!== 0`, which a bigint zero is not.
      return Boolean(integerOf(value));
  }
}
