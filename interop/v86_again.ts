/**
 * Tests with a guest in v86, which now and then stops to hear interrupts.
 *
 * @module
 */

/** Seconds in which a guest says something; a quiet machine boots it in 20. */
export const SECONDS = 90;
const ATTEMPTS = 5;

/** The guest said nothing more. */
export class Silent extends Error {}

/**
 * Runs a test, again when its guest falls silent. Once in a few boots the line of a device stays up and
 * the guest never answers it, though the device has served it: asking again with every tick did not
 * help. Why is not known. Whatever else goes wrong fails at once.
 */
export async function again(test: () => Promise<void>): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await test();
    } catch (error) {
      if (!(error instanceof Silent) || attempt === ATTEMPTS) throw error;
      console.log("the guest in v86 fell silent; once more");
    }
  }
}
