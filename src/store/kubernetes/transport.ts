/** One exchange with the API server, below everything that knows Kubernetes: the edge at which tests stand in for a server. */

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: string | undefined;
  /** Aborts the exchange, the reading of its body included. */
  readonly signal: AbortSignal;
  /** Called when the connection stands and nothing has been sent yet; what it throws ends the exchange unsent. */
  readonly beforeSend?: (() => void) | undefined;
}

export interface TransportResponse {
  readonly status: number;
  /** In whole seconds or as a date, as HTTP has it. */
  readonly retryAfter?: string | undefined;
  /** The server's clock when it answered, as HTTP has dates. */
  readonly date?: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  /** For messages: `https://10.0.0.1:443`. */
  readonly server: string;
  /** @throws TransportError when there was no response. */
  readonly send: (request: TransportRequest) => Promise<TransportResponse>;
  /** Gets credentials anew where the last ones were refused. */
  readonly renewCredentials: () => void;
  readonly close: () => void;
}

/** There was no response, or it broke off. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** Whether the server cannot have seen the request. */
  readonly unsent: boolean;

  constructor(message: string, options: { readonly unsent: boolean; readonly cause: unknown }) {
    super(message, { cause: options.cause });
    this.unsent = options.unsent;
  }
}
