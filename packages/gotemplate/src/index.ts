export { TemplateError } from './errors.ts';
export { encodeUtf8 } from './utf8.ts';
