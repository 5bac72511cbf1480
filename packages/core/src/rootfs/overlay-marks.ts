/** The extended attribute of a directory that hides what the layers below have in it. Linux overlayfs.rst. */
export const OVERLAY_OPAQUE = /^(?:trusted|user)\.overlay\.opaque$/;
