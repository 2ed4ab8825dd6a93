/** Ends VMs of this host: by the rtvm that is at work here, or else by this one. */
import { isErrorCode } from '../../store/errors.ts';
