/* As little as a receiver under TLS can do: ceiling_tls KEY CERTIFICATE AUTHORITY DIRECTORY prints its port.
 *
 * What benchmarks/ceiling.py does, without Python: it accepts whatever is proposed in the first transfer syntax, writes
 * the fragments of a data set as they come, and answers with success. It checks nothing and tolerates nothing; OpenSSL
 * reads ahead. Each association has a process to itself, made beforehand; they end with the one that made them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { ASSOCIATE_RQ = 1, ASSOCIATE_AC = 2, DATA = 4, RELEASE_RQ = 5, RELEASE_RP = 6 };
enum { APPLICATION = 0x10, CONTEXT = 0x20, ACCEPTED = 0x21, TRANSFER_SYNTAX = 0x40 };
enum { USER = 0x50, MAXIMUM = 0x51, CLASS = 0x52 };
enum { PROCESSES = 16, READ_AHEAD = 1 << 16, BUFFER = 1 << 18, LONGEST_RECORD = 1 << 14, HEADER = 6, FIXED = 68 };

struct association {
    SSL *tls;
    int file;
    unsigned number;
    uint8_t message_id[2];
};

static uint32_t number32(const uint8_t *at) { return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3]; }
static uint16_t number16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void send_pdu(SSL *tls, uint8_t *pdu, uint8_t type, size_t length) {
    uint32_t body = htonl((uint32_t)(length - HEADER));
    pdu[0] = type;
    pdu[1] = 0;
    memcpy(pdu + 2, &body, sizeof body);
    if (SSL_write(tls, pdu, (int)length) <= 0) _exit(1);
}

static uint8_t *add_item(uint8_t *end, uint8_t type, const void *value, uint16_t length) {
    end[0] = type;
    end[1] = 0;
    end[2] = (uint8_t)(length >> 8);
    end[3] = (uint8_t)length;
    memmove(end + 4, value, length);
    return end + 4 + length;
}

/* The answer to one proposed context; an item's value follows its four bytes. */
static uint8_t *accept_context(uint8_t *end, const uint8_t *value, uint16_t length) {
    for (const uint8_t *sub = value + 4; sub < value + length; sub += 4 + number16(sub + 2)) {
        if (sub[0] != TRANSFER_SYNTAX) continue;
        uint8_t answer[4 + 4 + 64] = {value[0]};
        uint8_t *stop = add_item(answer + 4, TRANSFER_SYNTAX, sub + 4, number16(sub + 2));
        return add_item(end, ACCEPTED, answer, (uint16_t)(stop - answer));
    }
    return end;
}

static void accept_association(SSL *tls, const uint8_t *request, uint32_t length) {
    static uint8_t pdu[1 << 15];
    const uint8_t most[4] = {0, 0, 0x40, 0};
    memcpy(pdu + HEADER, request, FIXED);
    uint8_t *end = add_item(pdu + HEADER + FIXED, APPLICATION, "1.2.840.10008.3.1.1.1", 21);
    for (const uint8_t *item = request + FIXED; item < request + length; item += 4 + number16(item + 2))
        if (item[0] == CONTEXT) end = accept_context(end, item + 4, number16(item + 2));
    uint8_t user[64];
    uint8_t *stop = add_item(user, MAXIMUM, most, sizeof most);
    stop = add_item(stop, CLASS, "1.2.826.0.1.3680043.8.498.77.9", 30);
    end = add_item(end, USER, user, (uint16_t)(stop - user));
    send_pdu(tls, pdu, ASSOCIATE_AC, (size_t)(end - pdu));
}

static void answer(struct association *self, uint8_t context_id) {
    uint8_t pdu[] = {
        0, 0, 0, 0, 0, 0, /* set by send_pdu */
        0, 0, 0, 54, context_id, 3,
        0, 0, 0, 0, 4, 0, 0, 0, 40, 0, 0, 0,
        0, 0, 0, 1, 2, 0, 0, 0, 1, 0x80,
        0, 0, 0x20, 1, 2, 0, 0, 0, self->message_id[0], self->message_id[1],
        0, 0, 0, 8, 2, 0, 0, 0, 1, 1,
        0, 0, 0, 9, 2, 0, 0, 0, 0, 0,
    };
    send_pdu(self->tls, pdu, DATA, sizeof pdu);
}

static void take_command(struct association *self, const uint8_t *command, size_t length) {
    static const uint8_t element[] = {0, 0, 0x10, 1, 2, 0, 0, 0};
    const uint8_t *found = memmem(command, length, element, sizeof element);
    if (found) memcpy(self->message_id, found + sizeof element, 2);
}

static void take_fragment(struct association *self, const uint8_t *fragment, size_t length) {
    if (self->file < 0) {
        char name[32];
        snprintf(name, sizeof name, "%d.%u", getpid(), self->number++);
        self->file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    }
    if (write(self->file, fragment, length) != (ssize_t)length) err(1, "write");
}

static void take_values(struct association *self, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        uint32_t length = number32(at) - 2;
        uint8_t context_id = at[4], control = at[5];
        const uint8_t *value = at + HEADER;
        at = value + length;
        if (control & 1) {
            take_command(self, value, length);
            continue;
        }
        take_fragment(self, value, length);
        if (!(control & 2)) continue;
        close(self->file);
        self->file = -1;
        answer(self, context_id);
    }
}

/* Take the PDUs that are whole; returns their bytes. */
static size_t take_pdus(struct association *self, const uint8_t *buffer, size_t filled) {
    size_t used = 0;
    while (used + HEADER <= filled) {
        const uint8_t *pdu = buffer + used, *body = pdu + HEADER;
        uint32_t length = number32(pdu + 2);
        if (used + HEADER + length > filled) break;
        uint8_t release[HEADER + 4] = {0};
        if (pdu[0] == ASSOCIATE_RQ) accept_association(self->tls, body, length);
        if (pdu[0] == DATA) take_values(self, body, body + length);
        if (pdu[0] == RELEASE_RQ) send_pdu(self->tls, release, RELEASE_RP, sizeof release);
        used += HEADER + length;
    }
    return used;
}

static void serve(struct association *self) {
    static uint8_t buffer[BUFFER];
    size_t filled = 0;
    int count;
    while ((count = SSL_read(self->tls, buffer + filled, (int)(BUFFER - filled))) > 0) {
        filled += (size_t)count;
        if (SSL_has_pending(self->tls) && BUFFER - filled >= LONGEST_RECORD) continue;
        size_t used = take_pdus(self, buffer, filled);
        memmove(buffer, buffer + used, filled - used);
        filled -= used;
    }
}

static void serve_all(int listener, SSL_CTX *context) {
    struct association association = {.file = -1};
    const int on = 1;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        association.tls = SSL_new(context);
        SSL_set_fd(association.tls, connection);
        if (SSL_accept(association.tls) > 0) serve(&association);
        SSL_free(association.tls);
        close(connection);
    }
}

static SSL_CTX *make_context(char **files) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_PrivateKey_file(context, files[0], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, files[1]) != 1 ||
        SSL_CTX_load_verify_locations(context, files[2], NULL) != 1)
        errx(1, "cannot use the key, the certificate or the authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD);
    return context;
}

int main(int count, char **words) {
    if (count != 5) errx(2, "usage: %s KEY CERTIFICATE AUTHORITY DIRECTORY", words[0]);
    SSL_CTX *context = make_context(words + 1);
    if (chdir(words[4])) err(1, "%s", words[4]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 128) ||
        getsockname(listener, (struct sockaddr *)&address, &length))
        err(1, "listen");
    for (int number = 0; number < PROCESSES; number++) {
        if (fork()) continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve_all(listener, context);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pause();
}
