# QEMU's fw_cfg: how many vCPUs there are, and the file with our settings.

.equ FWCFG_SELECT,          0x510
.equ FWCFG_DATA,            0x511
.equ FWCFG_SIGNATURE,       0x00
.equ FWCFG_MEMORY,          0x03        # 64 bit: bytes of RAM
.equ FWCFG_VCPUS,           0x05        # 16 bit: vCPUs present at start
.equ FWCFG_DIRECTORY,       0x19
.equ SIGNATURE_QEMU,        0x554d4551  # "QEMU"

# A directory entry; numbers are big-endian.
.equ ENTRY_FILE_BYTES,      0           # 32 bit
.equ ENTRY_KEY,             4           # 16 bit
.equ ENTRY_NAME,            8
.equ ENTRY_BYTES,           64

.section .text
.code32

# → eax: vCPUs present at start, or 0 without fw_cfg.
fwcfg_vcpus:
    call fwcfg_present
    jc 1f
    mov eax, FWCFG_VCPUS
    call fwcfg_select
    mov ecx, 2
    mov edi, offset fwcfg_buffer
    call fwcfg_read
    movzx eax, word ptr [fwcfg_buffer]
    ret
1:  xor eax, eax
    ret

# → eax: KiB of RAM, or 0 without fw_cfg.
fwcfg_memory_kib:
    call fwcfg_present
    jc 1f
    mov eax, FWCFG_MEMORY
    call fwcfg_select
    mov ecx, 8
    mov edi, offset fwcfg_buffer
    call fwcfg_read
    mov eax, [fwcfg_buffer]
    mov edx, [fwcfg_buffer + 4]
    shrd eax, edx, 10
    ret
1:  xor eax, eax
    ret

# Reads the settings file into config_text, NUL-terminated; nothing is there if there is none. Carry set: it was cut, being too long.
fwcfg_config:
    call fwcfg_present
    jc 3f
    mov eax, FWCFG_DIRECTORY
    call fwcfg_select
    mov ecx, 4
    mov edi, offset fwcfg_buffer
    call fwcfg_read
    mov ebx, [fwcfg_buffer]
    bswap ebx                           # entries left
1:  test ebx, ebx
    jz 3f
    mov ecx, ENTRY_BYTES
    mov edi, offset fwcfg_buffer
    call fwcfg_read
    mov esi, offset config_name
    mov edi, offset fwcfg_buffer + ENTRY_NAME
    mov ecx, config_name_end - config_name
    repe cmpsb
    je 2f
    dec ebx
    jmp 1b
2:  mov ebx, [fwcfg_buffer + ENTRY_FILE_BYTES]
    bswap ebx
    mov ecx, MAX_CONFIG_BYTES
    cmp ecx, ebx
    pushfd                              # carry: longer than that
    jb 4f
    mov ecx, ebx
4:  push ecx
    movzx eax, word ptr [fwcfg_buffer + ENTRY_KEY]
    xchg al, ah
    call fwcfg_select
    pop ecx
    mov edi, offset config_text
    call fwcfg_read
    popfd
    ret
3:  clc
    ret

# Carry set: there is no fw_cfg.
fwcfg_present:
    mov eax, FWCFG_SIGNATURE
    call fwcfg_select
    mov ecx, 4
    mov edi, offset fwcfg_buffer
    call fwcfg_read
    cmp dword ptr [fwcfg_buffer], SIGNATURE_QEMU
    je 1f
    stc
1:  ret

# eax: the item that fwcfg_read starts to read.
fwcfg_select:
    mov edx, FWCFG_SELECT
    out dx, ax
    ret

# Reads ecx bytes to edi.
fwcfg_read:
    mov edx, FWCFG_DATA
    rep insb
    ret

config_name:    .asciz "opt/rtvm/probe"
config_name_end:

.section .bss
.balign 4
fwcfg_buffer:   .skip ENTRY_BYTES
config_text:    .skip MAX_CONFIG_BYTES + 1
