/**
 * Statements of the standard that vectors check: by device, message and name of the vector, three
 * at most.
 *
 * @module
 */

import type { StatementId } from "./covers.ts";
import { balloonToMedia } from "./vector_claims/balloon_to_media.ts";
import { memToVsock } from "./vector_claims/mem_to_vsock.ts";

/** Statements by `"message: name"`, for each device. */
export type VectorClaims = Readonly<
  Record<string, Readonly<Record<string, readonly StatementId[]>>>
>;

/** What the vectors of all devices check. */
export const vectorClaims: VectorClaims = { ...balloonToMedia, ...memToVsock };
