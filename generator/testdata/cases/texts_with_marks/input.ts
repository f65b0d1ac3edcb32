import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  title: "Lamp */ of `1` \\ \"two\" ${three} 'four'",
  doc: "灯, лампа, 💡: */ /* // ` ${} <b> {{four}} @deprecated \\u0041",
};
