export { dockerFunctions, dockerHeaderFunctions } from './docker-functions.ts';
export { TemplateError } from './errors.ts';
export type { MissingKey } from './fields.ts';
export { sprint, sprintf, sprintln } from './fmt/printf.ts';
export type { Functions } from './functions.ts';
export {
  type Arguments,
  any,
  bool,
  complex128,
  type FieldOptions,
  type FieldWithOptions,
  field,
  float32,
  float64,
  type GoType,
  int,
  int8,
  int16,
  int32,
  int64,
  type Kind,
  type Method,
  type MethodLike,
  map,
  method,
  named,
  pointer,
  reflectValue,
  type Signature,
  type StructField,
  slice,
  string,
  struct,
  type TypeOptions,
  uint,
  uint8,
  uint16,
  uint32,
  uint64,
  uintptr,
} from './go-type.ts';
export {
  func,
  type GoFunction,
  GoValue,
  type Reflected,
  toGo,
  toJs,
  typed,
  variadic,
} from './go-value.ts';
export { decodeJson, type EncodeOptions, encodeJson, jsonNumber } from './json.ts';
export { type ExecuteOptions, parseTemplate, Template, type TemplateOptions } from './template.ts';
export { encodeUtf8 } from './utf8.ts';
