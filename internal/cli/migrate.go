package cli

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/store"
)

// migrate is for databases whose servers may not change tables, and for who wants
// to choose the hour.
type migrate struct {
	database `embed:""`
	Status   bool `help:"Change nothing; the exit status is 1 if a start would refuse or change the tables."`
}

var errPending = &status{1, errors.New("the tables are not those of this program")}

func (m *migrate) Run(ctx context.Context) error {
	source, err := m.source()
	if err != nil {
		return err
	}
	s, err := store.Schema(ctx, source)
	if err != nil {
		return err
	}
	defer s.Close()
	if !m.Status {
		if err := s.Up(ctx); err != nil {
			return err
		}
	}
	is, err := s.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("the database has schema %d, this program wants %d\n", is.Version, is.Newest)
	for _, name := range is.Pending {
		fmt.Println("pending:", name)
	}
	if is.Version > is.Newest || len(is.Pending) > 0 {
		return errPending
	}
	return nil
}
