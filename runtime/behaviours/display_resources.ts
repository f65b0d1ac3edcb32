/**
 * Resources of a GPU device: which there are, their memory in the guest, the displays that show
 * them, and contexts (VIRTIO 1.4, 5.7.6.8 and 5.7.6.9). Handlers of the user see commands on what
 * there is; those that only keep the books need none.
 *
 * @module
 */

import { DeviceBehaviour } from "../behaviour.ts";
import { isPromise } from "../values.ts";
import type {
  DisplayAnswer,
  DisplayCommand,
  DisplayResourcesCodes,
  DisplayResourcesHandlers,
  DisplayResourcesHost,
  DisplayResourcesUser,
  ImageShape,
  OfContext,
  OnDisplay,
  OnPart,
  OnResource,
} from "./display_commands.ts";
import {
  copyPieces,
  covers,
  type DisplayPointer,
  type DisplayResource,
  type DisplayShown,
  ResourceTable,
  sizeOf,
} from "./resource_table.ts";

/** All formats have pixels of as many bytes. */
const PIXEL = 4;
/** Width and height of a pointer. */
const POINTER = 64;
/** Most resources, and most contexts, that a driver can have. */
const MOST = 1 << 16;

/** The resources of one device, which a reset destroys. */
export class DisplayResources extends DeviceBehaviour {
  readonly #host: DisplayResourcesHost;
  readonly #codes: DisplayResourcesCodes;
  #table: ResourceTable = new ResourceTable();

  /** For a device. */
  constructor(host: DisplayResourcesHost, codes: DisplayResourcesCodes) {
    super();
    this.#host = host;
    this.#codes = codes;
  }

  /** A resource; undefined when there is none of this id. */
  get(id: number): DisplayResource | undefined {
    return this.#table.resources.get(id);
  }

  /** What a display shows; undefined when it is disabled. */
  shown(display: number): DisplayShown | undefined {
    return this.#table.shown.get(display);
  }

  /** The displays that show a resource: those that a flush is for. */
  displaysOf(id: number): number[] {
    return [...this.#table.shown].flatMap(([display, { resourceId }]) =>
      resourceId === id ? [display] : []
    );
  }

  /** The pointer on a display; undefined when it was never there. */
  pointer(display: number): DisplayPointer | undefined {
    return this.#table.pointers.get(display);
  }

  /** Copies bytes from the guest memory of a resource; RangeError when it has not as many, or they are not memory. */
  read(id: number, offset: number, into: Uint8Array): void {
    const { memory } = this.#host;
    if (memory !== undefined) copyPieces(memory, this.get(id)?.pieces ?? [], offset, into);
  }

  /** The handlers that stand in front of the user's. */
  handlers(user: DisplayResourcesUser): DisplayResourcesHandlers {
    return {
      ...this.#creations(user),
      ...this.#uses(user),
      ...this.#of3d(user),
      ...this.#pointers(user),
    };
  }

  /** All resources are gone. */
  override reset(): void {
    this.#table = new ResourceTable();
  }

  /** The resources and their users, without what images show. */
  override save(): unknown {
    return this.#table.save();
  }

  /** Takes back what {@linkcode DisplayResources.save} gave, from untrusted data; TypeError or RangeError naming the field. */
  override restore(state: unknown, path: string): void {
    this.#table = ResourceTable.read(state, path, this.#host.settings.numScanouts);
  }

  #creations(user: DisplayResourcesUser): Partial<DisplayResourcesHandlers> {
    const { resourceCreate2d = this.#done, resourceCreateBlob, resourceCreate3d } = user;
    const { HOST3D } = this.#codes.blobMemory;
    const { ERR_INVALID_PARAMETER } = this.#codes.response;
    const image = (kind: "2d" | "3d", { width, height, format }: ImageShape) =>
      ({ kind, width, height, format, size: 0, backable: true }) as const;
    return {
      resourceCreate2d: (request) =>
        this.#create(request.resourceId, image("2d", request), () => resourceCreate2d(request)),
      resourceCreate3d: resourceCreate3d && ((request) => {
        const { resource } = request;
        return this.#create(
          resource.resourceId,
          image("3d", resource),
          () => resourceCreate3d(request),
        );
      }),
      resourceCreateBlob: resourceCreateBlob && ((request) => {
        const { resourceId, blobMem, size, entries } = request;
        const backable = blobMem !== HOST3D;
        if (size === 0 || (entries.length > 0 && !backable)) return ERR_INVALID_PARAMETER;
        const pieces = entries.length > 0 ? [...entries] : undefined;
        const blob = {
          kind: "blob",
          width: 0,
          height: 0,
          format: 0,
          size,
          backable,
          pieces,
        } as const;
        return this.#create(resourceId, blob, () => resourceCreateBlob(request));
      }),
      resourceUnref: this.#front(
        user.resourceUnref ?? this.#done,
        (request) => this.#known(request),
        ({ resourceId }) => this.#table.drop(resourceId),
      ),
    };
  }

  #uses(user: DisplayResourcesUser): Pick<
    DisplayResourcesHandlers,
    "resourceAttachBacking" | "resourceDetachBacking"
  > {
    const { ERR_UNSPEC, ERR_INVALID_PARAMETER } = this.#codes.response;
    const show = ({ scanoutId, resourceId, r }: OnDisplay) => {
      if (resourceId === 0) this.#table.shown.delete(scanoutId);
      else this.#table.shown.set(scanoutId, { resourceId, r: { ...r } });
    };
    const backed = (request: OnResource) => {
      const unknown = this.#known(request);
      return unknown ??
        (this.get(request.resourceId)?.pieces === undefined ? ERR_UNSPEC : undefined);
    };
    const others: DisplayResourcesUser = {
      setScanout: this.#front(
        user.setScanout ?? this.#done,
        (request) => this.#showable(request),
        show,
      ),
      setScanoutBlob: user.setScanoutBlob &&
        this.#front(user.setScanoutBlob, (request) => this.#showable(request, request), show),
      resourceFlush: user.resourceFlush &&
        this.#front(user.resourceFlush, (request) => this.#known(request) ?? this.#within(request)),
      resourceAssignUuid: user.resourceAssignUuid &&
        this.#front(user.resourceAssignUuid, (request) => this.#known(request)),
      transferToHost2d: user.transferToHost2d &&
        this.#front(
          user.transferToHost2d,
          (request) => backed(request) ?? this.#within(request) ?? this.#enough(request),
        ),
    };
    return {
      ...others,
      resourceAttachBacking: (request) => {
        const resource = this.get(request.resourceId);
        const unknown = this.#known(request);
        if (resource === undefined || unknown !== undefined) return unknown ?? ERR_UNSPEC;
        if (!resource.backable) return ERR_INVALID_PARAMETER;
        if (resource.pieces !== undefined) return ERR_UNSPEC;
        resource.pieces = request.entries.map(({ addr, length }) => ({ addr, length }));
        return this.#done();
      },
      resourceDetachBacking: (request) => {
        const refused = backed(request);
        if (refused !== undefined) return refused;
        this.get(request.resourceId)!.pieces = undefined;
        return this.#done();
      },
    };
  }

  #of3d(user: DisplayResourcesUser): DisplayResourcesUser {
    const {
      ERR_INVALID_CONTEXT_ID,
      ERR_INVALID_RESOURCE_ID,
      ERR_INVALID_PARAMETER,
      ERR_OUT_OF_MEMORY,
    } = this.#codes.response;
    const { submit3d } = user;
    const context = ({ ctxId }: OfContext) =>
      this.#table.contexts.has(ctxId) ? undefined : ERR_INVALID_CONTEXT_ID;
    const fresh = ({ ctxId }: OfContext) => {
      if (ctxId === 0 || this.#table.contexts.has(ctxId)) return ERR_INVALID_CONTEXT_ID;
      return this.#table.contexts.size < MOST ? undefined : ERR_OUT_OF_MEMORY;
    };
    const attached = ({ ctxId, resourceId }: OfContext & OnResource) =>
      this.#table.contexts.get(ctxId)!.has(resourceId) ? undefined : ERR_INVALID_RESOURCE_ID;
    const blob = (mapped: boolean) => (request: OnResource) => {
      const resource = this.get(request.resourceId);
      if (resource?.kind !== "blob") return ERR_INVALID_RESOURCE_ID;
      return (resource.mapped ?? false) === mapped ? undefined : ERR_INVALID_PARAMETER;
    };
    const map = (mapped: boolean) => ({ resourceId }: OnResource) => {
      const resource = this.get(resourceId);
      if (resource !== undefined) resource.mapped = mapped;
    };
    const known = (request: OnResource) => this.#known(request);
    const front = <R>(
      handler: DisplayCommand<R> | undefined,
      refuse: (request: R) => number | undefined,
      did?: (request: R) => void,
    ) => handler && this.#front(handler, refuse, did);
    return {
      ctxCreate: front(user.ctxCreate, fresh, ({ ctxId }) => {
        this.#table.contexts.set(ctxId, new Set());
      }),
      ctxDestroy: front(user.ctxDestroy, context, ({ ctxId }) => {
        this.#table.contexts.delete(ctxId);
      }),
      ctxAttachResource: front(
        user.ctxAttachResource,
        (request) => context(request) ?? known(request),
        (request) => {
          this.#table.contexts.get(request.ctxId)?.add(request.resourceId);
        },
      ),
      ctxDetachResource: front(
        user.ctxDetachResource,
        (request) => context(request) ?? attached(request),
        (request) => {
          this.#table.contexts.get(request.ctxId)?.delete(request.resourceId);
        },
      ),
      submit3d: submit3d &&
        ((request, commands) => context(request) ?? submit3d(request, commands)),
      transferToHost3d: front(user.transferToHost3d, known),
      transferFromHost3d: front(user.transferFromHost3d, known),
      resourceMapBlob: front(user.resourceMapBlob, blob(false), map(true)),
      resourceUnmapBlob: front(user.resourceUnmapBlob, blob(true), map(false)),
    };
  }

  /** A command for the pointer has no response: one on what there is not is passed over. */
  #pointers({ updateCursor, moveCursor }: DisplayResourcesUser): DisplayResourcesUser {
    return {
      updateCursor: (request) => {
        const { pos: { scanoutId, x, y }, resourceId, hotX, hotY } = request;
        const image = this.get(resourceId);
        const right = resourceId === 0 || (image?.width === POINTER && image.height === POINTER);
        if (!right || !this.#isDisplay(scanoutId)) return;
        this.#table.pointers.set(scanoutId, { x, y, resourceId, hotX, hotY });
        return updateCursor?.(request);
      },
      moveCursor: (request) => {
        const { scanoutId, x, y } = request.pos;
        if (!this.#isDisplay(scanoutId)) return;
        const none = { resourceId: 0, hotX: 0, hotY: 0 };
        this.#table.pointers.set(scanoutId, { ...this.pointer(scanoutId) ?? none, x, y });
        return moveCursor?.(request);
      },
    };
  }

  readonly #done = (): number => this.#codes.response.OK_NODATA;

  /** A handler behind what refuses its command, and in front of what notes its success. */
  #front<R>(
    handler: DisplayCommand<R>,
    refuse: (request: R) => number | undefined,
    did: (request: R) => void = () => {},
  ): DisplayCommand<R> {
    return (request) => {
      const refused = refuse(request);
      if (refused !== undefined) return refused;
      const table = this.#table;
      const end = (answer: number | object) => {
        if (this.#succeeded(answer) && this.#table === table) did(request);
        return answer;
      };
      const answer = handler(request);
      return isPromise(answer) ? Promise.resolve(answer).then(end) : end(answer);
    };
  }

  /** The id is taken as soon as its creation has begun, and free again if that fails. */
  #create(id: number, resource: DisplayResource, ask: () => DisplayAnswer): DisplayAnswer {
    const { ERR_INVALID_RESOURCE_ID, ERR_OUT_OF_MEMORY } = this.#codes.response;
    const { resources } = this.#table;
    if (resources.has(id)) return ERR_INVALID_RESOURCE_ID;
    if (resources.size >= MOST) return ERR_OUT_OF_MEMORY;
    resources.set(id, { ...resource });
    const end = (answer: number | object) => {
      if (!this.#succeeded(answer)) resources.delete(id);
      return answer;
    };
    const fail = (error: unknown): never => {
      resources.delete(id);
      throw error;
    };
    try {
      const answer = ask();
      return isPromise(answer) ? Promise.resolve(answer).then(end, fail) : end(answer);
    } catch (error) {
      return fail(error);
    }
  }

  #succeeded(answer: number | object): boolean {
    return typeof answer === "object" || answer === this.#codes.response.OK_NODATA;
  }

  #isDisplay(id: number): boolean {
    return id < this.#host.settings.numScanouts;
  }

  #known({ resourceId }: OnResource): number | undefined {
    return this.get(resourceId) === undefined
      ? this.#codes.response.ERR_INVALID_RESOURCE_ID
      : undefined;
  }

  /** An image covers its part; what a blob shows has a shape of its own, or any. */
  #within({ resourceId, r }: OnPart, shape?: ImageShape): number | undefined {
    const resource = this.get(resourceId);
    const { width, height } = shape ?? resource ?? { width: 0, height: 0 };
    const free = resource?.kind === "blob" && shape === undefined;
    return free || covers(width, height, r)
      ? undefined
      : this.#codes.response.ERR_INVALID_PARAMETER;
  }

  #showable(request: OnDisplay, shape?: ImageShape): number | undefined {
    const { ERR_INVALID_RESOURCE_ID } = this.#codes.response;
    if (request.resourceId === 0) return undefined;
    const blob = this.get(request.resourceId)?.kind === "blob";
    const unknown = this.#known(request);
    if (unknown !== undefined || blob !== (shape !== undefined)) return ERR_INVALID_RESOURCE_ID;
    return this.#within(request, shape);
  }

  /** Whether the guest's memory reaches as far as a transfer. */
  #enough({ resourceId, r, offset }: OnPart & { readonly offset: number }): number | undefined {
    const { ERR_INVALID_PARAMETER } = this.#codes.response;
    const { width = 0, pieces = [] } = this.get(resourceId) ?? {};
    if (r.width === 0 || r.height === 0) return undefined;
    const end = offset + ((r.height - 1) * width + r.width) * PIXEL;
    return end <= sizeOf(pieces) ? undefined : ERR_INVALID_PARAMETER;
  }
}
