// Edges of a GPIO line of the guest: `gpio_edges CHIP IN OUT COUNT` drives the line OUT up and down so often, and
// waits for the interrupt of each edge at the line IN, which a wire joins with it. Prints how many came.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/gpio.h>

static int fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int line(int chip, unsigned offset, unsigned long long flags) {
  struct gpio_v2_line_request request = {.offsets = {offset}, .num_lines = 1, .consumer = "edges"};
  request.config.flags = flags;
  return ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0 ? -1 : request.fd;
}

/* The next edge: 1 up, 0 down, -1 none within two seconds. */
static int edge(int in) {
  struct pollfd ready = {.fd = in, .events = POLLIN};
  struct gpio_v2_line_event event;
  if (poll(&ready, 1, 2000) != 1 || read(in, &event, sizeof event) != sizeof event) return -1;
  return event.id == GPIO_V2_LINE_EVENT_RISING_EDGE;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int chip = open(argv[1], O_RDONLY);
  if (chip < 0) return fail("open");
  const unsigned long long edges = GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
  int in = line(chip, (unsigned)atoi(argv[2]), GPIO_V2_LINE_FLAG_INPUT | edges);
  if (in < 0) return fail("input");
  int out = line(chip, (unsigned)atoi(argv[3]), GPIO_V2_LINE_FLAG_OUTPUT);
  if (out < 0) return fail("output");
  int count = 0;
  for (int turn = 0; turn < 2 * atoi(argv[4]); turn++) {
    struct gpio_v2_line_values values = {.bits = turn % 2 == 0, .mask = 1};
    if (ioctl(out, GPIO_V2_LINE_SET_VALUES_IOCTL, &values) < 0) return fail("set");
    int found = edge(in);
    if (found != (turn % 2 == 0)) return printf("edge %d: %d\n", turn, found), 1;
    count++;
  }
  if (edge(in) != -1) return printf("an edge too many\n"), 1;
  return printf("%d\n", count), 0;
}
