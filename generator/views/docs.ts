/**
 * Doc comments: one place that knows how text becomes a comment.
 *
 * @module
 */

/** Text that can stand in a comment: no end of it, no tag of a documentation tool. */
export function commentText(text: string): string {
  return text.replaceAll("*/", "*\\/").replaceAll("@", "\\@").replace(/\s+/g, " ").trim();
}

/** A sentence with the section of the standard that it comes from. */
export function sectionDoc(doc: string, section: string): string {
  const standard = /^[0-9]/.test(section);
  return commentText(doc) + (standard ? ` (VIRTIO 1.4, ${section})` : "");
}

/** Large round numbers read better in hexadecimal. */
export function numberText(value: number): string {
  return value >= 0x10000 ? `0x${value.toString(16)}` : String(value);
}
