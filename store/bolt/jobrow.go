package bolt

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/throughline/throughline/app/fault"
	"github.com/throughline/throughline/app/tenant"
	"github.com/throughline/throughline/app/work"
)

// jobRow is the first byte of a job's row: the version of its layout. Rows are read by newer programs, so that a change of the
// layout takes another number.
const jobRow = 1

// encodeJob is a job as it is stored below its ID: texts and times in a fixed order without names, for there may be very many. A
// lane that is the subject is left empty.
func encodeJob(job work.Job) []byte {
	lane := job.Lane
	if lane == job.Subject {
		lane = ""
	}
	row := make([]byte, 0, 64+len(job.Tenant)+len(job.Kind)+len(job.Subject)+len(lane)+len(job.Args)+len(job.Reason))
	row = append(row, jobRow)
	for _, text := range []string{string(job.Tenant), string(job.Kind), job.Subject, lane, job.Reason} {
		row = binary.AppendUvarint(row, uint64(len(text)))
		row = append(row, text...)
	}
	for _, at := range []time.Time{job.RunAt, job.Occurred, job.Observed, job.Created} {
		// Two numbers, since one of nanoseconds cannot tell every time there is.
		row = binary.AppendVarint(row, at.Unix())
		row = binary.AppendUvarint(row, uint64(at.Nanosecond()))
	}
	row = binary.AppendVarint(row, int64(job.Attempt))
	return append(row, job.Args...)
}

// decodeJob reads a row that encodeJob wrote.
func decodeJob(id []byte, state work.State, raw []byte) (work.Job, error) {
	r := reader{rest: raw}
	if len(id) != numberSize || len(raw) == 0 || raw[0] != jobRow {
		return work.Job{}, fault.New(fault.Internal, "job row %x cannot be read", id)
	}
	r.rest = raw[1:]
	job := work.Job{ID: numberOf(id), State: state}
	job.Tenant, job.Kind = tenant.ID(r.text()), work.Kind(r.text())
	job.Subject, job.Lane, job.Reason = r.text(), r.text(), r.text()
	job.RunAt, job.Occurred, job.Observed, job.Created = r.time(), r.time(), r.time(), r.time()
	job.Attempt = int(r.signed())
	if r.broken {
		return work.Job{}, fault.New(fault.Internal, "job row %x cannot be read", id)
	}
	if job.Lane == "" {
		job.Lane = job.Subject
	}
	if len(r.rest) > 0 {
		job.Args = append(json.RawMessage(nil), r.rest...)
	}
	return job, nil
}

// tenantOf is whose a job's row is, without reading the rest.
func tenantOf(raw []byte) tenant.ID {
	r := reader{rest: raw[min(1, len(raw)):]}
	return tenant.ID(r.text())
}

// reader takes a row apart. Once broken it gives out zero values.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) unsigned() uint64 {
	n, used := binary.Uvarint(r.rest)
	return took(r, n, used)
}

func (r *reader) signed() int64 {
	n, used := binary.Varint(r.rest)
	return took(r, n, used)
}

func took[N uint64 | int64](r *reader, n N, used int) N {
	if used <= 0 {
		r.broken, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[used:]
	return n
}

func (r *reader) text() string {
	size := r.unsigned()
	if size > uint64(len(r.rest)) {
		r.broken, r.rest = true, nil
		return ""
	}
	text := string(r.rest[:size])
	r.rest = r.rest[size:]
	return text
}

func (r *reader) time() time.Time {
	seconds, nanos := r.signed(), r.unsigned()
	if nanos >= 1e9 {
		r.broken = true
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}
