/**
 * Commands of a GPU device as far as its resources look at them (VIRTIO 1.4, 5.7.6).
 *
 * @module
 */

import type { Handler, Names } from "../behaviour.ts";
import type { ReadableBytes } from "../cursor.ts";
import type { GuestMemory } from "../memory.ts";
import type { MemoryPiece, Rectangle } from "./resource_table.ts";

/** The device's enumerations. */
export interface DisplayResourcesCodes {
  /** How commands go. */
  readonly response: Names<
    | "OK_NODATA"
    | "ERR_UNSPEC"
    | "ERR_OUT_OF_MEMORY"
    | "ERR_INVALID_RESOURCE_ID"
    | "ERR_INVALID_CONTEXT_ID"
    | "ERR_INVALID_PARAMETER"
  >;
  /** Where blobs have their memory. */
  readonly blobMemory: Names<"HOST3D">;
}

/** What resources look at in their device. */
export interface DisplayResourcesHost {
  /** The configuration. */
  readonly settings: { readonly numScanouts: number };
  /** The guest's memory. */
  readonly memory: GuestMemory | undefined;
}

/** A response, perhaps later. */
export type DisplayAnswer = number | object | Promise<number | object>;
/** A handler of a command. */
export type DisplayCommand<R> = Handler<[request: R], DisplayAnswer>;

/** A command on a resource. */
export interface OnResource {
  /** The resource. */
  readonly resourceId: number;
}
/** A command on part of a resource. */
export interface OnPart extends OnResource {
  /** The part. */
  readonly r: Rectangle;
}
/** A command of a context. */
export interface OfContext {
  /** The context. */
  readonly ctxId: number;
}
/** A command that shows a resource. */
export interface OnDisplay extends OnPart {
  /** The display. */
  readonly scanoutId: number;
}
/** A command on the pointer. */
export interface OnPointer extends OnResource {
  /** Where it is. */
  readonly pos: { readonly scanoutId: number; readonly x: number; readonly y: number };
  /** From the image's left edge to the hot spot. */
  readonly hotX: number;
  /** From its upper edge. */
  readonly hotY: number;
}
/** What an image is. */
export interface ImageShape {
  /** Its pixels. */
  readonly format: number;
  /** Its width. */
  readonly width: number;
  /** Its height. */
  readonly height: number;
}
/** A blob to create. */
export interface BlobRequest extends OnResource {
  /** Where its memory is. */
  readonly blobMem: number;
  /** Bytes. */
  readonly size: number;
  /** Pieces of guest memory. */
  readonly entries: readonly MemoryPiece[];
}

/** Handlers of the user that resources stand in front of. */
export interface DisplayResourcesUser {
  /** Creates an image. */
  readonly resourceCreate2d?: DisplayCommand<OnResource & ImageShape> | undefined;
  /** Creates a blob. */
  readonly resourceCreateBlob?: DisplayCommand<BlobRequest> | undefined;
  /** Creates a 3D resource. */
  readonly resourceCreate3d?:
    | DisplayCommand<{ readonly resource: OnResource & ImageShape }>
    | undefined;
  /** Destroys a resource. */
  readonly resourceUnref?: DisplayCommand<OnResource> | undefined;
  /** Shows an image. */
  readonly setScanout?: DisplayCommand<OnDisplay> | undefined;
  /** Shows a blob. */
  readonly setScanoutBlob?: DisplayCommand<OnDisplay & ImageShape> | undefined;
  /** Brings changes to displays. */
  readonly resourceFlush?: DisplayCommand<OnPart> | undefined;
  /** Copies from the guest. */
  readonly transferToHost2d?: DisplayCommand<OnPart & { readonly offset: number }> | undefined;
  /** Copies from the guest. */
  readonly transferToHost3d?: DisplayCommand<OnResource> | undefined;
  /** Copies to the guest. */
  readonly transferFromHost3d?: DisplayCommand<OnResource> | undefined;
  /** Exports a resource. */
  readonly resourceAssignUuid?: DisplayCommand<OnResource> | undefined;
  /** Maps a blob. */
  readonly resourceMapBlob?: DisplayCommand<OnResource> | undefined;
  /** Unmaps a blob. */
  readonly resourceUnmapBlob?: DisplayCommand<OnResource> | undefined;
  /** Creates a context. */
  readonly ctxCreate?: DisplayCommand<OfContext> | undefined;
  /** Destroys a context. */
  readonly ctxDestroy?: DisplayCommand<OfContext> | undefined;
  /** Lets a context use a resource. */
  readonly ctxAttachResource?: DisplayCommand<OfContext & OnResource> | undefined;
  /** Takes a resource from a context. */
  readonly ctxDetachResource?: DisplayCommand<OfContext & OnResource> | undefined;
  /** Runs commands in a context. */
  readonly submit3d?:
    | Handler<[request: OfContext, commands: ReadableBytes], DisplayAnswer>
    | undefined;
  /** Changes the pointer. */
  readonly updateCursor?: Handler<[request: OnPointer], void | Promise<void>> | undefined;
  /** Moves the pointer. */
  readonly moveCursor?: Handler<[request: OnPointer], void | Promise<void>> | undefined;
}

/** The handlers that take the place of the user's. */
export interface DisplayResourcesHandlers extends DisplayResourcesUser {
  /** Gives guest memory to a resource. */
  readonly resourceAttachBacking: DisplayCommand<
    OnResource & { readonly entries: readonly MemoryPiece[] }
  >;
  /** Takes its guest memory from a resource. */
  readonly resourceDetachBacking: DisplayCommand<OnResource>;
}
