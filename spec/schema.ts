/**
 * The schema of descriptions, as zod checks them and as JSON Schema for other tools.
 *
 * @module
 */

import { device, layout } from "./schema/device.ts";
import { z } from "./zod.ts";

export { TEXT_RULE } from "./schema/words.ts";
export { device as deviceSchema, layout as layoutSchema } from "./schema/device.ts";

/** The JSON Schema of a description: a device or a layout. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.union([device, layout]).describe(
    "A description in the language of this project",
  );
  return z.toJSONSchema(schema) as Record<string, unknown>;
}
