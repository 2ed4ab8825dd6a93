/** Makes sure that libvirt answers, before anything on the host is touched. */
import { LibvirtClient } from '../../libvirt/client.ts';
import { LibvirtConnectionError } from '../../libvirt/errors.ts';
import { findSocketPath } from '../../libvirt/socket-path.ts';
import { CommandError } from '../exit.ts';
import type { Io } from '../io.ts';

/** After its start libvirt may take some 8 s, in which it asks each QEMU binary what it can. */
const patienceMs = 15_000;
/** When a person begins to wonder. */
const firstWordMs = 3000;

/**
 * Says what every VM would fail on once, instead of for each.
 * @throws LibvirtConnectionError, LibvirtError; CommandError `LIBVIRT_HANGS`.
 */
export async function requireLibvirt(socket: string | undefined, io: Io, signal: AbortSignal): Promise<void> {
  const socketPath = findSocketPath(socket);
  const word = io.runtime.clock.after(firstWordMs, () => io.err(`rtvm: libvirt at ${socketPath} does not answer; waiting up to ${patienceMs / 1000} s`));
  try {
    const client = await LibvirtClient.open({ socketPath, signal, handshakeTimeoutMs: patienceMs });
    client.close();
  } catch (error) {
    if (!(error instanceof LibvirtConnectionError && error.code === 'TIMEOUT')) throw error;
    throw new CommandError('LIBVIRT_HANGS', `libvirt at ${socketPath} accepts connections and has answered nothing for ${patienceMs / 1000} s: it hangs; see its log and restart it (systemctl restart virtqemud, or libvirtd; running VMs survive that), then try again; nothing was changed`, { cause: error });
  } finally {
    word.cancel();
  }
}
