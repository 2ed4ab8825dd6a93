/** Checks of services that would end, start or fill what is ours. Sources: libvirt's qemu.conf, libvirt-guests(8). */
import { hostCheck } from './host-check.ts';
import type { CheckText, HostCheck } from './host-check.ts';
import type { HostReadings } from './host-readings.ts';

export function serviceChecks(host: HostReadings): readonly HostCheck[] {
  const { libvirtGuestsEnabled, autostarted, stdioHandler, seesFiles } = host;
  const seen = (text: CheckText, wrong: 'Warn' | 'Fail' | undefined, observed: string) => (
    seesFiles ? hostCheck(text, wrong ?? 'Pass', observed) : hostCheck(text, 'Unknown', "the host's files cannot be seen from here")
  );
  return [
    seen({ name: 'libvirt-guests', wanted: 'libvirt-guests is off: it stops or suspends domains behind rtvm', remedy: 'systemctl mask --now libvirt-guests' }, libvirtGuestsEnabled ? 'Fail' : undefined, libvirtGuestsEnabled ? 'it is enabled' : 'it is off'),
    seen({ name: 'libvirt-autostart', wanted: 'libvirt starts no domain by itself', remedy: 'virsh autostart --disable DOMAIN' }, autostarted.length === 0 ? undefined : 'Warn', autostarted.length === 0 ? 'none' : autostarted.join(', ')),
    seen({ name: 'serial-logs', wanted: 'virtlogd keeps serial logs short (2 MiB each by default)', remedy: 'remove stdio_handler = "file" from /etc/libvirt/qemu.conf, start virtlogd, restart the libvirt daemon; or rotate STATE/serial/*.log with copytruncate' },
      stdioHandler === 'file' ? 'Warn' : undefined, stdioHandler === 'file' ? 'stdio_handler is "file": QEMU writes them itself, without any limit' : 'virtlogd writes them'),
  ];
}
