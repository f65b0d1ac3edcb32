import { lamp, request } from "../../lamp.ts";

export const input = {
  ...lamp,
  messages: {
    virtio_lamp_req: {
      ...request,
      cases: {
        ...request.cases,
        switch: {
          ...request.cases.switch,
          checks: [
            {
              doc: "Misspelt",
              of: { field: "levle" },
              atMost: { config: "level" },
              otherwise: "BROKEN",
            },
            { doc: "Written", of: { field: "status" }, equals: 0, otherwise: "BROKEN" },
            { doc: "Of a number", of: { length: "level" }, equals: 1, otherwise: "BROKEN" },
            {
              doc: "Of nothing",
              of: { quotient: [{ length: "data" }, 2] },
              equals: 1,
              otherwise: "BROKEN",
            },
            { doc: "No array", each: "level", of: { field: "x" }, equals: 1, otherwise: "BROKEN" },
            { doc: "No field", each: "places", of: { field: "x" }, equals: 1, otherwise: "BROKEN" },
          ],
        },
      },
    },
  },
};
