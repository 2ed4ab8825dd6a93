/** Options of the commands that work on this host's own VMs. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { defaultCgroupRoot } from '../../node-agent/host/host-root.ts';

export interface StateOptions {
  readonly stateDir: string;
  readonly libvirtSocket?: string;
}

export interface HostOptions extends StateOptions {
  /** Absent: `images` in the state directory. */
  readonly imageRoot?: string;
  readonly virtType: 'kvm' | 'qemu';
  readonly lockFile: string;
  readonly cgroupRoot: string;
  readonly allowUrl: readonly string[];
}

export interface NodeOptions extends HostOptions {
  readonly nodeName?: string;
}

export function addStateDirOption(command: Command): Command {
  return command
    .addOption(new Option('--state-dir <path>', 'where manifests, state, disks and logs are kept').env('RTVM_STATE_DIR').default('/var/lib/rtvm'));
}

export function addStateOptions(command: Command): Command {
  return addStateDirOption(command)
    .addOption(new Option('--libvirt-socket <path>', "libvirt's socket (default: /run/libvirt/virtqemud-sock or libvirt-sock)").env('RTVM_LIBVIRT_SOCKET'));
}

export function addCgroupOption(command: Command): Command {
  return command.addOption(new Option('--cgroup-root <path>', "where the host's own tree of control groups is mounted").env('RTVM_CGROUP_ROOT').default(defaultCgroupRoot));
}

/** Those of whatever runs VMs on this host. */
export function addHostOptions(command: Command): Command {
  return addCgroupOption(addStateOptions(command))
    .addOption(new Option('--image-root <path>', 'where the paths of images and kernels begin (default: images in the state directory)').env('RTVM_IMAGE_ROOT'))
    .addOption(new Option('--virt-type <type>', 'kvm; or qemu, emulation without KVM and without any realtime guarantee').env('RTVM_VIRT_TYPE').choices(['kvm', 'qemu']).default('kvm'))
    .addOption(new Option('--allow-url <prefix...>', 'images may be fetched from URLs that begin so').default([], 'none'))
    .addOption(new Option('--lock-file <path>', 'one rtvm process a host holds it').env('RTVM_LOCK_FILE').default('/run/rtvm/agent.lock'));
}

/** Those and, for a host that is a node by itself, its name. */
export function addNodeOptions(command: Command): Command {
  return addHostOptions(command)
    .addOption(new Option('--node-name <name>', "name of this host's RealtimeNode (default: the host name)").env('RTVM_NODE_NAME'));
}

export function addAuditOption(command: Command): Command {
  return command.addOption(new Option('--audit-interval <seconds>', 'between two audits of a VM when nothing happens').argParser(seconds).default(30));
}

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 1 && value <= 3600) return value;
  throw new InvalidArgumentError('Accepted: 1 to 3600.');
}
