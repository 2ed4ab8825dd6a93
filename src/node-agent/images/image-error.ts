/** What goes wrong with images and disks. */

export type ImageErrorCode =
  /** A path that people may not write: absolute, with `..`, or leading out of the image root. */
  | 'IMAGE_PATH_INVALID'
  | 'IMAGE_ROOT_MISSING'
  /** It is, holds, or lies in a directory with what is other VMs'. */
  | 'IMAGE_ROOT_UNSAFE'
  | 'IMAGE_MISSING'
  | 'IMAGE_NOT_A_FILE'
  | 'IMAGE_UNREADABLE'
  /** The file was written to while it was read. */
  | 'IMAGE_CHANGED'
  | 'CHECKSUM_MISMATCH'
  | 'URL_NOT_ALLOWED'
  | 'DOWNLOAD_FAILED'
  | 'IMAGE_TOO_LARGE'
  /** The cache's limit is taken up by images in use. */
  | 'CACHE_FULL'
  /** Not of the format that the RealtimeImage says. */
  | 'IMAGE_FORMAT'
  /** A qcow2 with a backing file or an external data file: it could show the guest any file of the host. */
  | 'IMAGE_REFERS_ELSEWHERE'
  | 'TOOL_MISSING'
  | 'TOOL_FAILED'
  | 'DISK_FULL'
  /** A running process holds the disk open. */
  | 'DISK_IN_USE'
  | 'DISK_NAME_INVALID'
  | 'STORAGE_FAILED'
  | 'CLOUD_INIT_INVALID';

/** An error with a message for a person: what is wrong, where, what was found, and what to do. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ImageErrorCode;
  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A file system's refusal as an {@link ImageError}: `DISK_FULL` where there is no room, else `STORAGE_FAILED`. */
export function storageError(doing: string, error: unknown): ImageError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFullError(doing, error);
  return new ImageError('STORAGE_FAILED', `${doing} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

export function diskFullError(doing: string, cause?: unknown): ImageError {
  return new ImageError('DISK_FULL', `${doing} failed: no space left; free some on that file system, or give rtvm a state directory on a larger one`, { cause });
}
