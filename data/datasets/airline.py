"""Twitter US Airline Sentiment: 14,640 tweets of February 2015, three sentiments.

Source: Crowdflower's Data for Everyone, published on Kaggle.  Only the text is read: the published columns
`negativereason*` are filled for negative tweets only, so they would leak the label.
"""

from pathlib import Path

from data.config import DataOptions
from data.datasets.text_table import read_classes
from data.files import find_file
from data.rows import DataSet, Rows

CLASS_NAMES = ("negative", "neutral", "positive")
PLACES = ("airline_tweets/Tweets.csv", "Tweets.csv")


def find(_options: DataOptions, datasets: Path | None) -> tuple[Path, ...]:
    """Return the file."""
    return (find_file("airline", PLACES, datasets),)


def load(_options: DataOptions, paths: tuple[Path, ...]) -> Rows:
    """Return the tweets."""
    return Rows(rows=read_classes(paths[0], "text", "airline_sentiment", CLASS_NAMES), class_names=CLASS_NAMES)


AIRLINE = DataSet(
    about="tweets to US airlines, sentiment (texts)",
    size="14,640 texts, 3 classes",
    find=find,
    load=load,
    kind="texts",
)
