/**
 * The one domain that a measurement makes, and may end: by a UUID that it made itself, and with the mark that says
 * so in the domain.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LibvirtClient } from '../libvirt/client.ts';
import type { DomainRef } from '../libvirt/domain-types.ts';
import { LibvirtConnectionError, LibvirtError } from '../libvirt/errors.ts';
import type { CallOptions } from '../libvirt/pending-call.ts';
import { parseProbeMark } from '../realtime/domain/probe-mark.ts';
import type { Clock } from '../runtime/clock.ts';
import { LatencyError } from './latency-error.ts';

/** Starting allocates and clears all memory first. */
const startTimeoutMs = 15 * 60_000;
const callTimeoutMs = 60_000;
const reconnectMs = 30_000;

/**
 * Where a UUID is kept from before its domain is made until it is gone: libvirt forgets whose domain it is when it
 * is itself restarted.
 */
const noteOf = (directory: string) => join(directory, 'domain-uuid');

/**
 * Ends what a measurement that was killed has left, where libvirt has not done so. For the holder of the
 * measurement's lock.
 */
export async function endLeftOver(
  client: LibvirtClient,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const uuid = await readFile(noteOf(directory), 'utf8').catch(() => undefined);
  if (uuid === undefined) return;
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid))
    await endProbe(client, uuid, { ...(signal === undefined ? {} : { signal }), timeoutMs: callTimeoutMs });
  await rm(noteOf(directory));
}

export interface ProbeDomainOptions {
  readonly uuid: string;
  readonly xml: string;
  readonly directory: string;
  readonly socketPath: string;
  readonly clock: Clock;
}

export class ProbeDomain {
  readonly ref: DomainRef;
  readonly #client: LibvirtClient;
  readonly #directory: string;
  readonly #socketPath: string;
  readonly #clock: Clock;

  private constructor(client: LibvirtClient, ref: DomainRef, { directory, socketPath, clock }: ProbeDomainOptions) {
    this.#client = client;
    this.ref = ref;
    this.#directory = directory;
    this.#socketPath = socketPath;
    this.#clock = clock;
  }

  /** Starts it, paused. It ends with the client's connection, or with {@link end}. */
  static async create(client: LibvirtClient, options: ProbeDomainOptions, signal: AbortSignal): Promise<ProbeDomain> {
    const { uuid, xml, directory } = options;
    await writeFile(noteOf(directory), uuid, { mode: 0o600 });
    try {
      return new ProbeDomain(
        client,
        await client.createTransient(xml, { signal, timeoutMs: startTimeoutMs }),
        options,
      );
    } catch (error) {
      // libvirt may have made it all the same, where it was not waited for.
      await endLeftOver(client, directory, undefined).catch(() => undefined);
      throw error;
    }
  }

  async listen(received: (text: string) => void, signal: AbortSignal): Promise<void> {
    await this.#client.openConsole(this.ref, (bytes) => received(bytes.toString('latin1')), {
      signal,
      timeoutMs: callTimeoutMs,
    });
  }

  async resume(signal: AbortSignal): Promise<void> {
    await this.#client.resume(this.ref, { signal, timeoutMs: callTimeoutMs });
  }

  /**
   * Ends it, whatever became of it; through another connection where libvirt has been restarted, which makes it
   * forget whose domain it is.
   */
  async end(): Promise<void> {
    try {
      await endProbe(this.#client, this.ref.uuid, { timeoutMs: callTimeoutMs });
    } catch (error) {
      if (!(error instanceof LibvirtConnectionError)) throw error;
      using again = await reconnect(this.#socketPath, this.#clock, error);
      await endProbe(again, this.ref.uuid, { timeoutMs: callTimeoutMs });
    }
    await rm(noteOf(this.#directory), { force: true });
  }
}

/**
 * A libvirt that is restarted is back within seconds. @throws what ended the first connection, with what comes of
 * it.
 */
async function reconnect(socketPath: string, clock: Clock, lost: LibvirtConnectionError): Promise<LibvirtClient> {
  const until = clock.nowMs() + reconnectMs;
  for (;;) {
    try {
      return await LibvirtClient.open({ socketPath });
    } catch (error) {
      if (clock.nowMs() < until) await clock.sleep(500, undefined);
      else
        throw new LatencyError(
          'PROBE_ENDED',
          `libvirt went away while it was measured (${lost.message}) and is not back: the probe's domain may `
            + `still be there; it switches itself off when its time is over, and the next "rtvm latency" ends it`,
          { cause: error },
        );
    }
  }
}

async function endProbe(client: LibvirtClient, uuid: string, options: CallOptions): Promise<void> {
  try {
    const ref = await client.lookupByUuid(uuid, options);
    if (parseProbeMark(await client.getXml(ref, options))?.uuid === uuid) await client.destroy(ref, options);
  } catch (error) {
    if (!(error instanceof LibvirtError && (error.code === 'NO_DOMAIN' || error.code === 'OPERATION_INVALID')))
      throw error;
  }
}
