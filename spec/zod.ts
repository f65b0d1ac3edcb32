/**
 * The one place that names zod.
 *
 * @module
 */

export { z } from "npm:zod@4.6.7";
