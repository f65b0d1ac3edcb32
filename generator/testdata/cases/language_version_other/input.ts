import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  dsl: 2,
};
