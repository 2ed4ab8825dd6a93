/** Where all that a guest writes to its serial port is kept, until its VM is deleted. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { domainName } from '../realtime/domain/domain-name.ts';
import type { VmIdentity } from '../realtime/ids.ts';

export function serialLogPath(stateDirectory: string, vm: VmIdentity): string {
  return join(stateDirectory, 'serial', `${domainName(vm)}.log`);
}

/** Makes the log's directory. @returns the path of the log. */
export async function prepareSerialLog(stateDirectory: string, vm: VmIdentity): Promise<string> {
  await mkdir(join(stateDirectory, 'serial'), { recursive: true, mode: 0o711 });
  return serialLogPath(stateDirectory, vm);
}

export async function removeSerialLog(stateDirectory: string, vm: VmIdentity): Promise<void> {
  await rm(serialLogPath(stateDirectory, vm), { force: true });
}
