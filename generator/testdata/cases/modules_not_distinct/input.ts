import { lamp } from "../../lamp.ts";

export const first = lamp;

export const second = { ...lamp, title: "Another lamp" };

export const third = { ...lamp, name: "light", prefix: "Light" };
