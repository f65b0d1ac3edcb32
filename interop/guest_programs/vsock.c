// A vsock of the guest: `vsock connect PORT` to the host, or `vsock listen PORT` for one connection. The
// standard input is sent, what comes is written to the standard output; it ends when both are at their end.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/vm_sockets.h>

static int fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int copy(int from, int to) {
  static char bytes[65536];
  for (;;) {
    ssize_t count = read(from, bytes, sizeof bytes);
    if (count <= 0) return (int)count;
    for (ssize_t done = 0; done < count;) {
      ssize_t written = write(to, bytes + done, (size_t)(count - done));
      if (written <= 0) return -1;
      done += written;
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  struct sockaddr_vm address = {
    .svm_family = AF_VSOCK,
    .svm_port = (unsigned)strtoul(argv[2], NULL, 10),
    .svm_cid = VMADDR_CID_HOST,
  };
  int connection = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (connection < 0) return fail("socket");
  if (strcmp(argv[1], "listen") == 0) {
    int listener = connection;
    address.svm_cid = VMADDR_CID_ANY;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) return fail("bind");
    if (listen(listener, 1) < 0) return fail("listen");
    connection = accept(listener, NULL, NULL);
    if (connection < 0) return fail("accept");
  } else if (connect(connection, (struct sockaddr *)&address, sizeof address) < 0) {
    return fail("connect");
  }
  if (fork() == 0) return copy(connection, STDOUT_FILENO) < 0 ? fail("receive") : 0;
  if (copy(STDIN_FILENO, connection) < 0) return fail("send");
  shutdown(connection, SHUT_WR);
  int status;
  wait(&status);
  return WEXITSTATUS(status);
}
