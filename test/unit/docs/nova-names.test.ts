// docs/comparison.md has a line for each of Nova's own extra specs.
import { expect, it } from 'vitest';
import { codeSpans, pages } from './pages.ts';

/** Of the namespace `hw:`, as nova/api/validation/extra_specs/hw.py registers them, with those of later releases. */
const extraSpecs = [
  'hw:cpu_realtime', 'hw:cpu_realtime_mask', 'hw:hide_hypervisor_id', 'hw:cpu_policy', 'hw:cpu_thread_policy', 'hw:emulator_threads_policy', 'hw:cpu_dedicated_mask',
  'hw:mem_page_size', 'hw:numa_nodes', 'hw:numa_cpus', 'hw:numa_mem', 'hw:pci_numa_affinity_policy', 'hw:cpu_sockets', 'hw:cpu_cores', 'hw:cpu_threads',
  'hw:max_cpu_sockets', 'hw:max_cpu_cores', 'hw:max_cpu_threads', 'hw:boot_menu', 'hw:mem_encryption', 'hw:pmem', 'hw:pmu', 'hw:serial_port_count',
  'hw:tpm_model', 'hw:tpm_version', 'hw:watchdog_action', 'hw:locked_memory', 'hw:vif_multiqueue_enabled', 'hw:virtio_packed_ring', 'hw:viommu_model',
  'hw:maxphysaddr_mode', 'hw:maxphysaddr_bits', 'hw:sound_model', 'hw:usb_model', 'hw:tpm_secret_security',
];

it('every one has a line', () => {
  const told = codeSpans(pages.find(({ path }) => path === 'docs/comparison.md')!).map((span) => span.replace(/[=.].*$/, ''));
  expect(extraSpecs.filter((name) => !told.includes(name))).toEqual([]);
});
