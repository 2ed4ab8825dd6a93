/** `rtvm render`: the libvirt domains of VMs, without libvirt. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { fileOption, outputOption } from './options.ts';
import type { InputOptions } from './options.ts';
import { hostOption } from './plan.ts';
import type { HostOptions } from './plan.ts';

export interface RenderOptions extends InputOptions, HostOptions {
  readonly output: 'xml' | 'yaml' | 'json';
  readonly stateDir: string;
  /** Absent: `images` in the state directory. */
  readonly imageRoot?: string;
  readonly virtType: 'kvm' | 'qemu';
}

export function register(program: Command, io: Io): void {
  program.command('render')
    .summary('print the libvirt domain of each VM')
    .description('Places VMs as "rtvm plan" would and prints the domain that their host would run. Nothing is started, and no file that the domain names needs to be there.')
    .addOption(fileOption())
    .addOption(hostOption())
    .addOption(outputOption(['xml', 'yaml', 'json']))
    .addOption(new Option('--state-dir <path>', 'where the host keeps disks and logs').env('RTVM_STATE_DIR').default('/var/lib/rtvm'))
    .addOption(new Option('--image-root <path>', 'where the paths of images and kernels begin on the host (default: images in the state directory)').env('RTVM_IMAGE_ROOT'))
    .addOption(new Option('--virt-type <type>', 'kvm, or qemu for emulation without KVM').choices(['kvm', 'qemu']).default('kvm'))
    .addHelpText('after', '\nExample:\n  rtvm render -f vm.yaml --host host-a.yaml > vm.xml && virt-xml-validate vm.xml domain')
    .action(async (options: RenderOptions) => {
      const { render } = await import('../render/render.ts');
      io.exitCode = await render(options, io);
    });
}
