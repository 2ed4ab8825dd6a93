/** Whether this kernel's realtime group scheduling keeps threads in libvirt's cgroups from becoming SCHED_FIFO. */
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { isGone, readText } from './host-root.ts';
import type { HostRoot } from './host-root.ts';

export type CgroupVersion = 1 | 2;

export type RtGroupScheduling =
  | { readonly blocksFifo: false }
  | { readonly blocksFifo: true; readonly reason: string; readonly remedy: string };

/** 2 where the unified hierarchy has the controllers, 1 for the old one and for mixed set-ups. */
export function readCgroupVersion(root: HostRoot): CgroupVersion {
  return readText(join(root.sys, 'fs/cgroup/cgroup.controllers')) === undefined ? 1 : 2;
}

/**
 * With CONFIG_RT_GROUP_SCHED a new cgroup of the cpu controller may run realtime threads for 0 µs, and with that
 * sched_setscheduler(2) gives EPERM for every thread in it: libvirt then says `Cannot set scheduler parameters`.
 * Cgroup v1 shows it by a file; v2 has the same limit and no file to lift it (kernel doc admin-guide/cgroup-v2, cpu).
 */
export function readRtGroupScheduling(root: HostRoot): RtGroupScheduling {
  return readCgroupVersion(root) === 1 ? onVersion1(root) : onVersion2(root);
}

function onVersion1(root: HostRoot): RtGroupScheduling {
  const controller = ['cpu', 'cpu,cpuacct'].map((name) => join(root.sys, 'fs/cgroup', name)).find((path) => readText(join(path, 'cpu.rt_runtime_us')) !== undefined);
  if (controller === undefined) return { blocksFifo: false };
  return {
    blocksFifo: true,
    reason: `the kernel has RT_GROUP_SCHED and cgroup v1, so a new cgroup under ${controller} gets cpu.rt_runtime_us 0, and no thread in it may be SCHED_FIFO`,
    remedy: 'keep libvirt off the cpu controller: cgroup_controllers = [ "devices", "memory", "blkio", "cpuset", "cpuacct" ] in /etc/libvirt/qemu.conf, then restart libvirtd (running VMs keep their old cgroup)',
  };
}

function onVersion2(root: HostRoot): RtGroupScheduling {
  // libvirt switches the controller on when the first domain starts, so what counts is that it could.
  const hasController = readText(join(root.sys, 'fs/cgroup/cgroup.controllers'))?.split(' ').includes('cpu') === true;
  if (!hasController || !hasRtGroups(root)) return { blocksFifo: false };
  return {
    blocksFifo: true,
    reason: 'the kernel has RT_GROUP_SCHED, and cgroup v2 cannot give a group realtime runtime: no thread in a group of the cpu controller may be SCHED_FIFO',
    remedy: 'boot with rt_group_sched=0 (Linux 6.16 and later), or a kernel without CONFIG_RT_GROUP_SCHED, as distributions with cgroup v2 ship it',
  };
}

/** As built, unless the command line says otherwise. A kernel that does not show its configuration is taken not to have it. */
function hasRtGroups(root: HostRoot): boolean {
  const onCommandLine = /(?:^|\s)rt_group_sched=(\S+)/.exec(readText(join(root.proc, 'cmdline')) ?? '')?.[1];
  if (onCommandLine !== undefined) return !['0', 'off', 'n', 'no', 'false'].includes(onCommandLine.toLowerCase());
  const configuration = readConfiguration(root);
  return configuration.includes('\nCONFIG_RT_GROUP_SCHED=y') && !configuration.includes('\nCONFIG_RT_GROUP_SCHED_DEFAULT_DISABLED=y');
}

function readConfiguration(root: HostRoot): string {
  try {
    return gunzipSync(readFileSync(join(root.proc, 'config.gz'))).toString('latin1');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}
