# ACPI power management of the chipset: the power button, switching off, and where the PM timer is.

.equ PM_BASE,               0x600
.equ PM1_STATUS,            PM_BASE + 0
.equ PM1_ENABLE,            PM_BASE + 2
.equ PM1_CONTROL,           PM_BASE + 4
.equ PM_TIMER,              PM_BASE + 8
.equ POWER_BUTTON,          1 << 8
.equ SLEEP_ENABLE,          1 << 13     # with sleep type 0, which is S5 (off) on both chipsets of QEMU

# PCI configuration addresses, mechanism 1: enable | device << 11 | function << 8 | register.
.equ ICH9_LPC,              0x80000000 | 0x1f << 11
.equ PIIX4_PM,              0x80000000 | 1 << 11 | 3 << 8
.equ ICH9_ID,               0x29188086
.equ PIIX4_ID,              0x71138086
.equ REGISTER_PM_BASE,      0x40        # the same in both
.equ ICH9_ACPI_CONTROL,     0x44        # bit 7: decode PM_BASE
.equ PIIX4_PM_MISC,         0x80        # bit 0: decode PM_BASE

.section .text
.code32

# Maps the power management registers and arms the power button. Carry set: no chipset that we know.
power_init:
    mov eax, ICH9_LPC
    call pci_read
    cmp eax, ICH9_ID
    jne 1f
    mov ebx, ICH9_LPC
    mov ecx, ICH9_LPC + ICH9_ACPI_CONTROL
    mov edx, 0x80
    jmp 2f
1:  mov eax, PIIX4_PM
    call pci_read
    cmp eax, PIIX4_ID
    jne 3f
    mov ebx, PIIX4_PM
    mov ecx, PIIX4_PM + PIIX4_PM_MISC
    mov edx, 0x01
2:  push edx
    push ecx
    lea eax, [ebx + REGISTER_PM_BASE]
    mov edx, PM_BASE | 1                # bit 0: an I/O address
    call pci_write
    pop eax
    pop edx
    call pci_write
    mov eax, POWER_BUTTON
    mov edx, PM1_ENABLE
    out dx, ax
    clc
    ret
3:  stc
    ret

# Was the power button pressed, or is the time over that the settings give? Then says so and switches off; else returns. One
# port read: an exit to QEMU, on this vCPU only. Keeps ebx and ebp.
power_check:
    mov esi, offset text_off
    mov edx, PM1_STATUS
    in ax, dx
    test eax, POWER_BUTTON
    jnz 1f
    mov esi, offset text_limit
    rdtsc
    sub eax, [limit]
    sbb edx, [limit + 4]
    jae 1f
    ret
1:  call put_string
    call flush_line
    mov eax, SLEEP_ENABLE
    mov edx, PM1_CONTROL
    out dx, ax
    jmp rest

# eax configuration address → eax value. Clobbers edx.
pci_read:
    mov edx, 0xcf8
    out dx, eax
    mov edx, 0xcfc
    in eax, dx
    ret

# eax configuration address, edx value. Clobbers eax, ecx, edx.
pci_write:
    mov ecx, edx
    mov edx, 0xcf8
    out dx, eax
    mov edx, 0xcfc
    mov eax, ecx
    out dx, eax
    ret

text_off:   .asciz "rtvm-probe power button: off"
text_limit: .asciz "rtvm-probe limit_s: off"
