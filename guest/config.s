# The settings: "vcpus=LIST" and "window_ms=N", separated by spaces, from fw_cfg. A setting that makes no sense is an
# error that is printed, never a silent default: somebody would trust figures of the wrong vCPU.

.section .text
.code32

# Applies the settings file over the defaults, and derives window_ticks and tick_ms. Carry set: refused, error line in the buffer.
config_read:
    call fwcfg_config
    jc config_too_long
    mov esi, offset config_text
next_setting:
    mov al, [esi]
    cmp al, ' '
    je 1f
    cmp al, '\n'                        # a settings file written with echo
    jne 2f
1:  inc esi
    jmp next_setting
2:  mov [setting_start], esi
    test al, al
    jz config_done
    mov edi, offset key_vcpus
    call skip_key
    je set_vcpus
    mov edi, offset key_window
    call skip_key
    je set_window
    mov edi, offset text_unknown
    jmp config_refused

set_window:
    call parse_number
    jc bad_window
    cmp eax, MIN_WINDOW_MS
    jb bad_window
    cmp eax, MAX_WINDOW_MS
    ja bad_window
    mov [window_ms], eax
    call at_setting_end
    je next_setting
bad_window:
    mov edi, offset text_bad_window
    jmp config_refused

set_vcpus:
    push esi
    mov edi, offset measuring
    mov ecx, MAX_VCPUS
    xor eax, eax
    rep stosb
    pop esi
1:  call parse_number
    jc bad_list
    mov ebx, eax                        # first of the range
    cmp byte ptr [esi], '-'
    jne 2f
    inc esi
    call parse_number
    jc bad_list
2:  cmp eax, [vcpus]                    # eax: last of the range
    jae absent_vcpu
    cmp ebx, eax
    ja bad_list
3:  mov byte ptr [measuring + ebx], 1
    inc ebx
    cmp ebx, eax
    jbe 3b
    cmp byte ptr [esi], ','
    jne 4f
    inc esi
    jmp 1b
4:  call at_setting_end
    je next_setting
bad_list:
    mov edi, offset text_bad_list
    jmp config_refused
absent_vcpu:
    mov esi, offset text_config
    call put_error
    mov esi, offset text_absent
    call put_string
    mov eax, [vcpus]
    dec eax
    call put_u32
    jmp config_found

config_done:
    mov eax, [window_ms]
    cmp eax, MAX_TICK_MS
    jbe 1f
    mov eax, MAX_TICK_MS
1:  mov [tick_ms], eax
    mov eax, [window_ms]
    call ms_to_ticks
    mov [window_ticks], eax
    mov [window_ticks + 4], edx
    clc
    ret

config_too_long:
    mov edi, offset text_too_long
    mov dword ptr [setting_start], offset config_text
# edi: what would be accepted. Prints it with what was found.
config_refused:
    mov esi, offset text_config
    call put_error
    mov esi, edi
    call put_string
config_found:
    mov esi, offset text_found
    call put_string
    mov esi, [setting_start]
    call put_foreign
    mov al, '"'
    call put_char
    stc
    ret

# Zero flag set if the text at esi starts with the key at edi; esi is then behind it. Clobbers eax, ecx, edi.
skip_key:
    mov ecx, esi
1:  mov al, [edi]
    test al, al
    jz 2f
    cmp al, [ecx]
    jne 3f
    inc edi
    inc ecx
    jmp 1b
2:  mov esi, ecx
3:  ret

# Decimal number at esi → eax, esi behind it. Carry set: no digit, or more than six. Clobbers ecx, edx.
parse_number:
    xor eax, eax
    xor ecx, ecx
1:  movzx edx, byte ptr [esi]
    sub edx, '0'
    cmp edx, 9
    ja 2f
    imul eax, eax, 10
    add eax, edx
    inc esi
    inc ecx
    jmp 1b
2:  dec ecx                             # 1-6 digits → 0-5
    cmp ecx, 6
    cmc                                 # not below: carry
    ret

# Zero flag set if a setting may end at esi.
at_setting_end:
    cmp byte ptr [esi], 0
    je 1f
    cmp byte ptr [esi], ' '
    je 1f
    cmp byte ptr [esi], '\n'
1:  ret

key_vcpus:          .asciz "vcpus="
key_window:         .asciz "window_ms="
text_config:        .asciz "opt/rtvm/probe: "
text_unknown:       .asciz "expected vcpus=LIST or window_ms=N"
text_bad_window:    .asciz "window_ms must be a number from 10 to 60000"
text_bad_list:      .asciz "vcpus must be a list of numbers and rising ranges, as 1-3,5"
text_absent:        .asciz "vcpus must name vCPUs that this guest has, 0 to "
text_too_long:      .asciz "at most 255 bytes are read"
text_found:         .asciz ", found \""

.section .bss
.balign 8
window_ticks:   .skip 8
tick_ms:        .skip 4                 # how often vCPU 0 looks around
setting_start:  .skip 4
