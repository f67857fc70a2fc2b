"""Gradient estimators: one file for each, and one line in this table.

To add one, write a file that defines an `Estimator`, and add its line. The
contract tests run over the whole table.
"""

from __future__ import annotations

from reportgen.estimators.as_printed import AS_PRINTED
from reportgen.estimators.constant_baseline import OPTIMAL_CONSTANT
from reportgen.estimators.coordinate_baseline import OPTIMAL_PER_COORDINATE
from reportgen.estimators.disarm import DISARM
from reportgen.estimators.doubly_reparameterized import DOUBLY_REPARAMETERIZED
from reportgen.estimators.estimator import PILOT_SAMPLES, Coefficients, Draws, Estimator
from reportgen.estimators.generative import GENERATIVE
from reportgen.estimators.gumbel_softmax import GUMBEL_SOFTMAX
from reportgen.estimators.leave_one_out import LEAVE_ONE_OUT
from reportgen.estimators.local_expectation import LOCAL_EXPECTATION
from reportgen.estimators.measure_valued import MEASURE_VALUED
from reportgen.estimators.measure_valued_independent import MEASURE_VALUED_INDEPENDENT
from reportgen.estimators.moving_average_baseline import MOVING_AVERAGE_BASELINE
from reportgen.estimators.pathwise import PATHWISE
from reportgen.estimators.rebar import REBAR
from reportgen.estimators.rebar_optimal_scale import REBAR_OPTIMAL_SCALE
from reportgen.estimators.score_function import SCORE_FUNCTION
from reportgen.estimators.sticking_the_landing import STICKING_THE_LANDING
from reportgen.estimators.straight_through import STRAIGHT_THROUGH
from reportgen.estimators.straight_through_gumbel import STRAIGHT_THROUGH_GUMBEL
from reportgen.estimators.taylor import TAYLOR_CONTROL_VARIATE
from reportgen.estimators.vimco import VIMCO
from reportgen.estimators.vimco_geometric import VIMCO_GEOMETRIC

ESTIMATORS: dict[str, Estimator] = {
    "score_function": SCORE_FUNCTION,
    "score_function_optimal_constant": OPTIMAL_CONSTANT,
    "score_function_optimal_per_coordinate": OPTIMAL_PER_COORDINATE,
    "moving_average_baseline": MOVING_AVERAGE_BASELINE,
    "leave_one_out": LEAVE_ONE_OUT,
    "taylor_control_variate": TAYLOR_CONTROL_VARIATE,
    "measure_valued": MEASURE_VALUED,
    "measure_valued_independent": MEASURE_VALUED_INDEPENDENT,
    "pathwise": PATHWISE,
    "sticking_the_landing": STICKING_THE_LANDING,
    "doubly_reparameterized": DOUBLY_REPARAMETERIZED,
    "vimco": VIMCO,
    "vimco_geometric": VIMCO_GEOMETRIC,
    "generative": GENERATIVE,
    "local_expectation": LOCAL_EXPECTATION,
    "disarm": DISARM,
    "rebar": REBAR,
    "rebar_optimal_scale": REBAR_OPTIMAL_SCALE,
    "gumbel_softmax": GUMBEL_SOFTMAX,
    "straight_through": STRAIGHT_THROUGH,
    "straight_through_gumbel": STRAIGHT_THROUGH_GUMBEL,
    "score_function_as_printed": AS_PRINTED,
}

__all__ = ["ESTIMATORS", "PILOT_SAMPLES", "Coefficients", "Draws", "Estimator"]
