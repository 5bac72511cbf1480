import type { Engine } from '@wherry/core';

/** What the Engine API asks of the engine. Each file of routes asks for the part it needs. */
export type EngineBackend = Engine;
