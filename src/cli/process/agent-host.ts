/** What an agent works on when it runs on this host, from the options that every command with an agent has. */
import { join } from 'node:path';
import type { AgentOptions } from '../../node-agent/agent.ts';
import { filesOnDisk } from '../../node-agent/files-on-disk.ts';
import { thisHost } from '../../node-agent/host/host-root.ts';
import type { HostRoot } from '../../node-agent/host/host-root.ts';
import { LibvirtHypervisor } from '../../node-agent/libvirt-hypervisor.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { HostOptions } from '../commands/node-options.ts';

export function agentHost(options: HostOptions, runtime: Runtime) {
  const root: HostRoot = { ...thisHost, cgroup: options.cgroupRoot };
  return {
    hypervisor: new LibvirtHypervisor({ root, socketPath: options.libvirtSocket }),
    root,
    files: filesOnDisk({
      root,
      stateDirectory: options.stateDir,
      imageRoot: options.imageRoot ?? join(options.stateDir, 'images'),
      allowedUrls: options.allowUrl,
      runtime,
    }),
    virtType: options.virtType,
    runtime,
  } satisfies Partial<AgentOptions>;
}
