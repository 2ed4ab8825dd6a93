# A guest that is nothing but a 64 KiB firmware ROM and measures how long its vCPUs are kept from running.
#
# The boot vCPU prints and rests; every measuring vCPU samples, spinning or woken up by its timer, and counts each sample
# in a histogram. There is no disk, no BIOS, no paging: flat 32-bit code that runs in place from the ROM, data in low RAM.
# One translation unit: the files below are in the order in which a boot meets them. Built by ./build.

.intel_syntax noprefix
.arch i686

.include "layout.inc"
.include "entry.s"
.include "main.s"
.include "apic.s"
.include "acpi.s"
.include "clock.s"
.include "fwcfg.s"
.include "config.s"
.include "measure.s"
.include "report.s"
.include "text.s"
.include "reset.s"
