/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/rdata.h"

#include "base/endian.h"

#define FORM_FIELD_MAX  6
#define SOA_MINIMUM_LEN 4

/* A field of rdata: so many octets, or one of the kinds below. */
enum field {
	END = 0,
	NAME = 0x80, /* A domain name. */
	STRING,      /* A length octet and so many octets (RFC 1035 s3.3). */
	STRINGS,     /* One or more of those, up to the end. */
	REST,        /* Anything, up to the end. */
};

/* No fields: opaque. */
struct form {
	uint8_t fields[FORM_FIELD_MAX];
	bool compressed; /* Names may be compressed when sent (RFC 3597 s4). */
};

static const struct form forms[] = {
    [QN_TYPE_A] = {.fields = {4}},
    [QN_TYPE_NS] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_MD] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_MF] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_CNAME] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_SOA] = {.fields = {NAME, NAME, 20}, .compressed = true},
    [QN_TYPE_MB] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_MG] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_MR] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_PTR] = {.fields = {NAME}, .compressed = true},
    [QN_TYPE_HINFO] = {.fields = {STRING, STRING}},
    [QN_TYPE_MINFO] = {.fields = {NAME, NAME}, .compressed = true},
    [QN_TYPE_MX] = {.fields = {2, NAME}, .compressed = true},
    [QN_TYPE_TXT] = {.fields = {STRINGS}},
    [QN_TYPE_RP] = {.fields = {NAME, NAME}},
    [QN_TYPE_AFSDB] = {.fields = {2, NAME}},
    [QN_TYPE_RT] = {.fields = {2, NAME}},
    [QN_TYPE_SIG] = {.fields = {18, NAME, REST}},
    [QN_TYPE_PX] = {.fields = {2, NAME, NAME}},
    [QN_TYPE_AAAA] = {.fields = {16}},
    [QN_TYPE_NXT] = {.fields = {NAME, REST}},
    [QN_TYPE_SRV] = {.fields = {6, NAME}},
    [QN_TYPE_NAPTR] = {.fields = {4, STRING, STRING, STRING, NAME}},
    [QN_TYPE_KX] = {.fields = {2, NAME}},
    [QN_TYPE_DNAME] = {.fields = {NAME}},
    [QN_TYPE_RRSIG] = {.fields = {18, NAME, REST}},
    [QN_TYPE_NSEC] = {.fields = {NAME, REST}},
};

static const struct form opaque = {.fields = {END}};

static const struct form *
form_of(uint16_t type)
{
	return type < sizeof(forms) / sizeof(*forms) ? &forms[type] : &opaque;
}

/* Classes other than IN may give a type another form: an A record of CH is not an address. */
static const struct form *
form_of_record(const struct qn_record *record)
{
	return record->class == QN_CLASS_IN ? form_of(record->type) : &opaque;
}

static bool
form_is_opaque(const struct form *form)
{
	return form->fields[0] == END;
}

static struct qn_reader
rdata_reader(struct qn_view message, const struct qn_record *record)
{
	qn_assert(
	    record->rdata_at <= message.len && record->rdata_len <= message.len - record->rdata_at);
	return (struct qn_reader){
	    .bytes = message,
	    .at = record->rdata_at,
	    .end = record->rdata_at + record->rdata_len,
	};
}

static void
string_skip(struct qn_reader *reader)
{
	(void)qn_read_bytes(reader, qn_read_u8(reader));
}

static void
field_skip(struct qn_reader *reader, uint8_t field)
{
	switch (field) {
	case NAME:
		qn_skip_name(reader);
		break;
	case STRING:
		string_skip(reader);
		break;
	case STRINGS:
		do
			string_skip(reader);
		while (qn_reader_left(reader) > 0);
		break;
	case REST:
		(void)qn_read_bytes(reader, qn_reader_left(reader));
		break;
	default:
		(void)qn_read_bytes(reader, field);
		break;
	}
}

/* Whether the reader has come through all fields, and no octet is left behind them. */
static bool
reader_finished(const struct qn_reader *reader)
{
	return !reader->failed && reader->at == reader->end;
}

bool
qn_rdata_check(struct qn_reader *reader, const struct qn_record *record)
{
	const struct form *form = form_of_record(record);

	if (form_is_opaque(form))
		return true;
	struct qn_reader inside = rdata_reader(reader->bytes, record);

	inside.step_count = reader->step_count;
	for (const uint8_t *field = form->fields; *field != END; field++)
		field_skip(&inside, *field);
	reader->step_count = inside.step_count;
	return reader_finished(&inside);
}

bool
qn_rdata_valid(struct qn_view message, const struct qn_record *record)
{
	struct qn_reader reader = qn_reader_of(message);

	return qn_rdata_check(&reader, record);
}

static void
field_copy(struct qn_writer *writer, struct qn_reader *reader, uint8_t field, bool compress)
{
	const size_t at = reader->at;

	if (field != NAME) {
		field_skip(reader, field);
		qn_write_bytes(writer, (struct qn_view){reader->bytes.data + at, reader->at - at});
		return;
	}
	struct qn_name name;

	qn_read_name(reader, &name);
	if (compress)
		qn_write_name(writer, &name);
	else
		qn_write_bytes(writer, qn_name_view(&name));
}

/* Copies rdata that is known to be valid. */
static void
fields_copy(
    struct qn_writer *writer, struct qn_reader *reader, const struct form *form, bool compress)
{
	for (const uint8_t *field = form->fields; *field != END; field++)
		field_copy(writer, reader, *field, compress);
	qn_assert(reader_finished(reader));
}

size_t
qn_rdata_expand(
    struct qn_view message, const struct qn_record *record, struct qn_span out, bool *fits)
{
	const struct form *form = form_of_record(record);
	struct qn_reader reader = rdata_reader(message, record);
	struct qn_writer writer = qn_writer_of(out);

	/* Names of a large rdata may grow it beyond what a length field can say. */
	if (writer.cap > QN_RDATA_MAX)
		writer.cap = QN_RDATA_MAX;
	if (form_is_opaque(form))
		qn_write_bytes(&writer, qn_read_bytes(&reader, record->rdata_len));
	else
		fields_copy(&writer, &reader, form, false);
	*fits = !writer.overflowed;
	return *fits ? writer.at : 0;
}

bool
qn_rdata_name(struct qn_name *name, struct qn_view rdata)
{
	return rdata.len > 0 && qn_name_from_wire(name, rdata) == rdata.len;
}

uint32_t
qn_rdata_soa_minimum(struct qn_view rdata)
{
	qn_assert(rdata.len >= SOA_MINIMUM_LEN);
	return qn_load_be32(rdata.data + rdata.len - SOA_MINIMUM_LEN);
}

void
qn_write_rdata(struct qn_writer *writer, uint16_t type, struct qn_view rdata)
{
	const struct form *form = form_of(type);

	if (!form->compressed) {
		qn_write_bytes(writer, rdata);
		return;
	}
	struct qn_reader reader = qn_reader_of(rdata);

	fields_copy(writer, &reader, form, true);
}
