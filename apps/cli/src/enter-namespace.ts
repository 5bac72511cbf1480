import { type EnterNamespaceRequest, enterNamespace as enter } from '@wherry/core';

/** Has this very command line go on in the namespace. Loaded apart: most commands stay where they are. */
export function enterNamespace(request: Omit<EnterNamespaceRequest, 'command'>): Promise<AsyncDisposable> {
  return enter({ ...request, command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)] });
}
