"""The web directory: a page and a photo for each cardholder, by UserID, and the site's front page."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template

from camkit.demo.pictures.portraits import portrait_jpeg
from camkit.demo.world.people import BY_ID, PEOPLE, Person


def create_blueprint() -> Blueprint:
    """The directory's routes. The pages carry schema.org Person microdata."""
    routes = Blueprint("directory", __name__)

    @routes.get("/")
    def index() -> str:
        return render_template("index.html", people=PEOPLE)

    @routes.get("/people/<user_id>")
    def person_page(user_id: str) -> str | tuple[str, int]:
        person = BY_ID.get(user_id)
        if person is None:
            return render_template("not_found.html", user_id=user_id), 404
        return render_template("person.html", person=person)

    @routes.get("/people/<user_id>/photo.jpg")
    def photo(user_id: str) -> Response:
        person: Person | None = BY_ID.get(user_id)
        if person is None:
            abort(404)
        return Response(portrait_jpeg(person.looks), mimetype="image/jpeg")

    return routes
