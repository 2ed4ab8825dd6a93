// Calls waiting for their turn and calls waiting for their reply on one connection.

/**
 * libvirtd stops reading from a client with 5 requests under way (`max_client_requests`), its answers to pings included; with 4
 * the connection always stays answerable.
 */
const maxInFlight = 4;

export interface QueuedCall {
  readonly serial: number;
  readonly message: Buffer;
}

/** First come, first served; at most four under way. Holds no opinion on what a call is. */
export class CallQueue<Call extends QueuedCall> {
  readonly #send: (message: Buffer) => void;
  readonly #waiting = new Set<Call>();
  readonly #inFlight = new Map<number, Call>();
  readonly #abandoned = new Set<Call>();

  constructor(send: (message: Buffer) => void) {
    this.#send = send;
  }

  add(call: Call): void {
    this.#waiting.add(call);
    this.#fill();
  }

  /** The call that a reply belongs to, which makes room for the next; undefined when no call has that serial. */
  take(serial: number): Call | undefined {
    const call = this.#inFlight.get(serial);
    if (call === undefined) return undefined;
    this.#inFlight.delete(serial);
    this.#abandoned.delete(call);
    this.#fill();
    return call;
  }

  /** Its caller no longer waits. What was sent keeps its place until libvirt has answered, since libvirt goes on working at it. */
  abandon(call: Call): void {
    if (this.#waiting.delete(call)) return;
    if (this.#inFlight.has(call.serial)) this.#abandoned.add(call);
  }

  /** Whether calls wait behind nothing but abandoned ones: without a new connection they might wait for ever. */
  get stuck(): boolean {
    return this.#waiting.size > 0 && this.#abandoned.size === maxInFlight;
  }

  /** Takes out every call whose caller still waits. */
  drain(): Call[] {
    const calls = [...this.#inFlight.values(), ...this.#waiting].filter((call) => !this.#abandoned.has(call));
    this.#waiting.clear();
    this.#inFlight.clear();
    this.#abandoned.clear();
    return calls;
  }

  #fill(): void {
    for (const call of this.#waiting) {
      if (this.#inFlight.size >= maxInFlight) return;
      this.#waiting.delete(call);
      this.#inFlight.set(call.serial, call);
      this.#send(call.message);
    }
  }
}
