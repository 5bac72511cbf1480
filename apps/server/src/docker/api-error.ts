/**
 * A refusal that is the API's own, not the engine's: its status and the text of its `message`. Docker's own
 * answers hold, and these are 500 for some faults of clients.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
