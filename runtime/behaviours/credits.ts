/**
 * Credits of a connection: how much each side may send (VIRTIO 1.4, 5.10.6.3). All counters run
 * free over 32 bits.
 *
 * @module
 */

/** Credits of both directions, from one side's view. */
export class Credits {
  /** Bytes of receive buffer on this side: buf_alloc. */
  readonly capacity: number;
  #received = 0;
  #forwarded = 0;
  #told = 0; // #forwarded as the peer knows it
  #sent = 0;
  #peerCapacity = 0;
  #peerForwarded = 0;

  /** With so many bytes of receive buffer; both counters may start anywhere, for tests of what wraps. */
  constructor(capacity: number, start = 0) {
    this.capacity = capacity;
    this.#received = this.#forwarded = this.#told = start;
    this.#sent = this.#peerForwarded = start;
  }

  /** Bytes that came and were not released yet. */
  get held(): number {
    return this.#received - this.#forwarded >>> 0;
  }

  /** What fwd_cnt is to say. */
  get forwarded(): number {
    return this.#forwarded;
  }

  /** How large the peer's receive buffer is in all. */
  get peerCapacity(): number {
    return this.#peerCapacity;
  }

  /** Bytes that may be sent now. */
  get free(): number {
    return Math.max(0, this.#peerCapacity - this.#underway);
  }

  /** Whether so much was released that the peer should hear of it. */
  get stale(): boolean {
    return (this.#forwarded - this.#told >>> 0) * 2 >= this.capacity;
  }

  /** Bytes that were sent and that the peer has not released. */
  get #underway(): number {
    return this.#sent - this.#peerForwarded >>> 0;
  }

  /** Notes what a packet of the peer says; false when that can not be. */
  update(bufAlloc: number, fwdCnt: number): boolean {
    if ((this.#sent - fwdCnt >>> 0) > this.#underway) return false;
    this.#peerCapacity = bufAlloc;
    this.#peerForwarded = fwdCnt;
    return true;
  }

  /** Notes that a packet with these counters goes to the peer. */
  tell(): void {
    this.#told = this.#forwarded;
  }

  /** Notes bytes that are sent. */
  spend(length: number): void {
    this.#sent = this.#sent + length >>> 0;
  }

  /** Takes bytes in; false when the peer had no credit for them. */
  take(length: number): boolean {
    if (this.held + length > this.capacity) return false;
    this.#received = this.#received + length >>> 0;
    return true;
  }

  /** Releases bytes that were taken in. */
  release(length: number): void {
    this.#forwarded = this.#forwarded + length >>> 0;
  }
}
