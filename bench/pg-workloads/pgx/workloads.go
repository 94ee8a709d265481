// SPDX-License-Identifier: BSL-1.0

package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// What one query of each workload is, how many rows its answer has, and what goes into its checksum.
type workload func(context.Context, *pgx.Conn) (answer, error)

type answer interface {
	rows() int
	addTo(*checksum)
}

var workloads = map[string]workload{
	"pg_type":      askTypes,
	"series":       askSeries,
	"bytea":        askBytes,
	"arrays":       askArrays,
	"copy":         copyEntries,
	"batch":        insertEntries,
	"one_plus_one": askSum,
}

type typeRow struct {
	name                     string
	namespace, owner         uint32
	length                   int16
	byValue                  bool
	category                 byte
	isPreferred, isDefined   bool
	delimiter                byte
	relation, element, array uint32
}

type typeRows []typeRow

func askTypes(ctx context.Context, db *pgx.Conn) (answer, error) {
	rows, err := db.Query(ctx, `select typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred,
		typisdefined, typdelim, typrelid, typelem, typarray from pg_type where typtypmod = $1 and typisdefined = $2`, -1, true)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (typeRow, error) {
		var t typeRow
		err := row.Scan(&t.name, &t.namespace, &t.owner, &t.length, &t.byValue, &t.category, &t.isPreferred, &t.isDefined,
			&t.delimiter, &t.relation, &t.element, &t.array)
		return t, err
	})
	return typeRows(all), err
}

func (all typeRows) rows() int { return len(all) }

func (all typeRows) addTo(sum *checksum) {
	for _, t := range all {
		sum.bytes([]byte(t.name))
		sum.number(int64(t.namespace))
		sum.number(int64(t.owner))
		sum.number(int64(t.length))
		sum.truth(t.byValue)
		sum.number(int64(t.category))
		sum.truth(t.isPreferred)
		sum.truth(t.isDefined)
		sum.number(int64(t.delimiter))
		sum.number(int64(t.relation))
		sum.number(int64(t.element))
		sum.number(int64(t.array))
	}
}

// Rows of one column.
func askColumn[T any](ctx context.Context, db *pgx.Conn, sql string) ([]T, error) {
	rows, err := db.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

type numbers []int32

func askSeries(ctx context.Context, db *pgx.Conn) (answer, error) {
	all, err := askColumn[int32](ctx, db, "select i from generate_series(1, 1000) as i")
	return numbers(all), err
}

func (all numbers) rows() int { return len(all) }

func (all numbers) addTo(sum *checksum) {
	for _, each := range all {
		sum.number(int64(each))
	}
}

type byteStrings [][]byte

func askBytes(ctx context.Context, db *pgx.Conn) (answer, error) {
	all, err := askColumn[[]byte](ctx, db, "select b from pg_workloads_bytes")
	return byteStrings(all), err
}

func (all byteStrings) rows() int { return len(all) }

func (all byteStrings) addTo(sum *checksum) {
	for _, each := range all {
		sum.bytes(each)
	}
}

type numberArrays [][]int32

func askArrays(ctx context.Context, db *pgx.Conn) (answer, error) {
	all, err := askColumn[[]int32](ctx, db, "select a from pg_workloads_arrays")
	return numberArrays(all), err
}

func (all numberArrays) rows() int { return len(all) }

func (all numberArrays) addTo(sum *checksum) {
	for _, each := range all {
		sum.number(int64(len(each)))
		numbers(each).addTo(sum)
	}
}

type number int32

func askSum(ctx context.Context, db *pgx.Conn) (answer, error) {
	var sum int32
	err := db.QueryRow(ctx, "select 1+1").Scan(&sum)
	return number(sum), err
}

func (number) rows() int { return 1 }

func (n number) addTo(sum *checksum) { sum.number(int64(n)) }

// How many rows were written. They are on the server, where whoever started this looks at them.
type written int

func (n written) rows() int { return int(n) }

func (n written) addTo(sum *checksum) { sum.number(int64(n)) }

var columns = []string{"a", "b", "c", "d", "e", "f"}

var entries = func() [][]any {
	var all [][]any
	for i := range 10_000 {
		all = append(all, []any{i, i + 1, i + 2, fmt.Sprintf("entry number %d", i), float64(i) * 0.5, -i})
	}
	return all
}()

func copyEntries(ctx context.Context, db *pgx.Conn) (answer, error) {
	n, err := db.CopyFrom(ctx, pgx.Identifier{"pg_workloads_entries"}, columns, pgx.CopyFromRows(entries))
	return written(n), err
}

// Without BEGIN: a batch is one implicit transaction.
func insertEntries(ctx context.Context, db *pgx.Conn) (answer, error) {
	batch := &pgx.Batch{}
	for _, e := range entries[:1_000] {
		batch.Queue("insert into pg_workloads_entries (a, b, c, d, e, f) values ($1, $2, $3, $4, $5, $6)", e...)
	}
	return written(batch.Len()), db.SendBatch(ctx, batch).Close()
}
