/** Options of the commands that work on this host's own VMs. */
import { Option } from 'commander';
import type { Command } from 'commander';

export interface StateOptions {
  readonly stateDir: string;
  readonly libvirtSocket?: string;
}

export interface NodeOptions extends StateOptions {
  /** Absent: `images` in the state directory. */
  readonly imageRoot?: string;
  readonly nodeName?: string;
  readonly virtType: 'kvm' | 'qemu';
  readonly lockFile: string;
  readonly allowUrl: readonly string[];
}

export function addStateOptions(command: Command): Command {
  return command
    .addOption(new Option('--state-dir <path>', 'where manifests, state, disks and logs are kept').env('RTVM_STATE_DIR').default('/var/lib/rtvm'))
    .addOption(new Option('--libvirt-socket <path>', "libvirt's socket (default: /run/libvirt/virtqemud-sock or libvirt-sock)").env('RTVM_LIBVIRT_SOCKET'));
}

export function addNodeOptions(command: Command): Command {
  return addStateOptions(command)
    .addOption(new Option('--image-root <path>', 'where the paths of images and kernels begin (default: images in the state directory)').env('RTVM_IMAGE_ROOT'))
    .addOption(new Option('--node-name <name>', "name of this host's RealtimeNode (default: the host name)").env('RTVM_NODE_NAME'))
    .addOption(new Option('--virt-type <type>', 'kvm; or qemu, emulation without KVM and without any realtime guarantee').env('RTVM_VIRT_TYPE').choices(['kvm', 'qemu']).default('kvm'))
    .addOption(new Option('--allow-url <prefix...>', 'images may be fetched from URLs that begin so').default([], 'none'))
    .addOption(new Option('--lock-file <path>', 'one rtvm process a host holds it').env('RTVM_LOCK_FILE').default('/run/rtvm/agent.lock'));
}
