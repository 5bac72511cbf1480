// The engine is loaded when a command needs it; this module is what keeps the rest of core out of the start.
export { openEngine } from '@wherry/core';
